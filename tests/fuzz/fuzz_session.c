/* SPDX-License-Identifier: MIT
 * Recordings and curves from elsewhere: NWB, MATLAB, CSV, HDF5.  The first byte
 * picks the format, the rest is the file.                                    */
#include "fuzz.h"

#include <basin/session.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = { "nwb", "mat", "csv", "curves", "auto" };
    if (size < 1)
        return -1;
    const struct memory m = memory_open(data + 1, size - 1);
    const struct bn_source source = {
        .path = m.path, .format = formats[data[0] % BN_LEN(formats)], .series = "",
        .position = "", .angle_unit = data[0] & 8 ? "auto" : "radians",
        .column = data[0] & 16 ? "location" : "", .value = data[0] & 16 ? "ADn" : "",
        .epoch = data[0] & 32 ? "auto" : "", .curves = "curves", .mat_time = "time",
        .mat_angle = "angle", .mat_spikes = "spikes", .layer = 0, .speed = data[0] & 64,
    };
    struct bn_session s = { 0 };
    const bn_status rc = bn_session_read(&source, &s);
    must_explain(rc);
    if (rc == BN_OK)
        bn_session_free(&s);
    memory_close(&m);
    return 0;
}
