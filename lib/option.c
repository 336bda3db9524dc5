/* SPDX-License-Identifier: MIT */
#include <basin/option.h>

const struct bn_option bn_stage_options[] = {
    { "--in", "ROLE=FILE", "an input; once for every point where it says so" },
    { "--out", "FILE", "the result; appears whole or not at all" },
    { "--params", "FILE", "read the stage's section and the root seed from a parameter file" },
    { "--section", "NAME", "then the section of the variant NAME over it" },
    { "--set", "KEY=VALUE", "over the file; also SECTION.KEY=VALUE" },
    { "--threads", "N", "0 (the default): all cores; changes no bit" },
    { "--checkpoint", "FILE", "if the stage has long loops: write its state there now and then, "
      "and continue from it; changes no bit" },
    { "--checkpoint-every", "S", "seconds between two, 60" },
    { "--quiet", NULL, "no remarks on standard error" },
    { "--schema", NULL, "this table as JSON" },
    { "--version", NULL, "the version" },
    { NULL, NULL, NULL },
};

const struct bn_option bn_stage_options_of_driver[] = {
    { "--digest", "ROLE=HEX", "content digest of an input, already known" },
    { "--inputs", "FILE", "the points of a sweep, as JSON" },
    { "--code", "HEX", "identity of the code, for the record" },
    { "--progress-fd", "N", "write the fraction done to this descriptor" },
    { "--checkpoint-keep", NULL, "leave the checkpoint in its place when done" },
    { NULL, NULL, NULL },
};
