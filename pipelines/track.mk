# SPDX-License-Identifier: MIT
# track: place cells of a rat that runs to and fro.
# target: what it is made from.  The name before the first dot is the stage.

# both ways together, and a row for each cell and way (figure S5)
$R/track/recording.h5:
$R/track/recording.split.h5:

# where the rat was, from maps of other windows (figure S6)
$R/track/decoding.run.h5:    $R/track/recording.h5
