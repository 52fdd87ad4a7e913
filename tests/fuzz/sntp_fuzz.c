// Answers of time servers. The first byte: whether the answer carries the stamp that was asked with; and the floor.
#include "fuzz.h"
#include "sntp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t stamp[SNTP_STAMP] = {1, 2, 3, 4, 5, 6, 7, 8};
    fuzz_input_t in = {data, len};
    uint8_t how = fuzz_byte(&in);
    int64_t floor = (int64_t)(how >> 1) << 25, unix_ms = -1;
    const char *why = NULL;
    uint8_t *reply = fuzz_bytes(in.at, in.left);
    if ((how & 1) != 0 && in.left >= 32)
        memcpy(reply + 24, stamp, sizeof stamp);
    enum sntp_verdict verdict = sntp_judge(reply, in.left, stamp, floor, &unix_ms, &why);
    HOLDS(verdict <= SNTP_KISS);
    HOLDS(in.left >= SNTP_LEN || verdict == SNTP_NOT_OURS);
    if (verdict == SNTP_TRUE)
        HOLDS(unix_ms >= floor * 1000 && unix_ms < (floor + (INT64_C(1) << 32)) * 1000);
    else
        HOLDS(unix_ms == -1);
    HOLDS((verdict == SNTP_TRUE || verdict == SNTP_NOT_OURS) || (why != NULL && why[0] != '\0'));
    free(reply);
    return 0;
}
