#include <string.h>

#include "optiga_link.h"

// Solution Reference Manual 3.70, 4.4: commands. With the top bit of Cmd the last error code is cleared first.
enum {
    OPEN_APPLICATION = 0xf0,
    CLOSE_APPLICATION = 0xf1,
    GET_RANDOM = 0x8c,
    CALC_SIGN = 0xb1,
    GET_DATA_OBJECT = 0x01, // the error code is what it is to read
    TRNG = 0,               // GetRandom's Param
    RANDOM_MIN = 8,         // and the least that it gives
    ECDSA = 0x11,           // CalcSign's: ECDSA without hashing
    DIGEST_TAG = 0x01,
    KEY_TAG = 0x03,
    OUT_OF_SEQUENCE =
        0x0b, // of the error codes: the application is not open, as after a reset that we did not see
    NOT_AVAILABLE = 0x0c,
};

enum {
    CHUNK = 48, // with all headers one frame of 64 bytes
    CALL_MS = 250,
    OPEN_CALL_MS = 600,
    RANDOM_MS = 150,
    SIGN_MS = 6000, // with the delay of the security monitor, 5 s and 5 %
    SIGN_CALL_MS = 13000,
    DIGEST = 32,
    SIGNATURE_MAX = 2 * (2 + 1 + DIGEST), // two INTEGERs
};

// A command, and what is expected of the answer: data from out_min to out_max bytes.
struct command {
    const uint8_t *apdu;
    uint8_t *out;
    uint16_t len, answer_ms, out_min, out_max;
};

static unsigned out_len(const picket_optiga_t *o)
{
    return (unsigned)(o->header[2] << 8 | o->header[3]);
}

static int exchange(picket_optiga_t *o, const struct command *command)
{
    o->out = command->out;
    o->out_max = command->out_max;
    int result = optiga_exchange(o, command->apdu, command->len, command->answer_ms);
    o->out = NULL;
    if (result == 0 && (o->got < OPTIGA_HEADER || o->got != OPTIGA_HEADER + out_len(o)))
        result = PICKET_OPTIGA_ERR_PROTOCOL;
    return result;
}

// After an answer of status 0xff.
static void ask_why(picket_optiga_t *o)
{
    static const uint8_t apdu[] = {GET_DATA_OBJECT, 0, 0, 6, 0xf1, 0xc2, 0, 0, 0, 1};
    uint8_t code = 0;
    struct command ask = {
        .apdu = apdu, .len = sizeof apdu, .answer_ms = OPTIGA_OPEN_MS, .out = &code, .out_max = 1};
    int result = exchange(o, &ask);
    if (result != 0 || o->header[0] != 0 || out_len(o) != 1)
        code = 0;
    if (result != 0)
        o->ready = false;
    o->refusal = code;
}

static int transact(picket_optiga_t *o, const struct command *command)
{
    int result = exchange(o, command);
    if (result != 0)
        return result;
    if (o->header[0] == 0xff && out_len(o) == 0) {
        ask_why(o);
        return PICKET_OPTIGA_ERR_REFUSED;
    }
    if (o->header[0] != 0 || out_len(o) < command->out_min)
        return PICKET_OPTIGA_ERR_PROTOCOL;
    return 0;
}

static int start(picket_optiga_t *o)
{
    // The unique application identifier: SRM, "Data structure Unique Application Identifier".
    static const uint8_t apdu[] = {OPEN_APPLICATION,
                                   0,
                                   0,
                                   16,
                                   0xd2,
                                   0x76,
                                   0,
                                   0,
                                   4,
                                   'G',
                                   'e',
                                   'n',
                                   'A',
                                   'u',
                                   't',
                                   'h',
                                   'A',
                                   'p',
                                   'p',
                                   'l'};
    static const struct command open = {.apdu = apdu, .len = sizeof apdu, .answer_ms = OPTIGA_OPEN_MS};
    int result = optiga_link_start(o);
    if (result == 0)
        result = transact(o, &open);
    o->ready = result == 0;
    return result;
}

// The chip was reset behind our back, or it and we have lost each other: it is worth to begin again.
static bool is_mended_by_reset(const picket_optiga_t *o, int result)
{
    if (result == PICKET_OPTIGA_ERR_REFUSED)
        return o->refusal == OUT_OF_SEQUENCE || o->refusal == NOT_AVAILABLE || o->refusal == 0;
    return result < 0;
}

static int start_and_transact(picket_optiga_t *o, const struct command *command)
{
    int result = start(o);
    return result == 0 ? transact(o, command) : result;
}

static int run(picket_optiga_t *o, const struct command *command, uint16_t call_ms)
{
    optiga_begin(o, call_ms);
    o->refusal = 0;
    int result = o->ready ? transact(o, command) : start_and_transact(o, command);
    if (is_mended_by_reset(o, result))
        result = start_and_transact(o, command);
    if (is_mended_by_reset(o, result))
        o->ready = false;
    if (result != 0 && command->out != NULL)
        optiga_wipe(command->out, command->out_max);
    return result;
}

int picket_optiga_open(picket_optiga_t *o, const picket_i2c_t *i2c)
{
    if (o == NULL || i2c == NULL || i2c->write == NULL || i2c->read == NULL || i2c->millis == NULL ||
        i2c->sleep_us == NULL)
        return PICKET_OPTIGA_ERR_ARG;
    memset(o, 0, sizeof *o);
    o->i2c = i2c;
    optiga_begin(o, OPEN_CALL_MS);
    int result = start(o);
    if (result < 0 && result != PICKET_OPTIGA_ERR_ABSENT)
        result = start(o);
    return result;
}

// --- Randomness ---

static int get_random(picket_optiga_t *o, uint8_t *out, uint16_t len)
{
    const uint8_t apdu[] = {GET_RANDOM, TRNG, 0, 2, 0, (uint8_t)len};
    struct command get = {apdu, out, sizeof apdu, RANDOM_MS, len, len};
    return run(o, &get, CALL_MS);
}

static int get_some(picket_optiga_t *o, uint8_t *out, size_t len)
{
    if (len >= RANDOM_MIN)
        return get_random(o, out, (uint16_t)len);
    uint8_t least[RANDOM_MIN];
    int result = get_random(o, least, sizeof least);
    memcpy(out, least, len);
    optiga_wipe(least, sizeof least);
    return result;
}

int picket_optiga_random(picket_optiga_t *o, void *buf, size_t len)
{
    if (buf == NULL || len == 0)
        return PICKET_OPTIGA_ERR_ARG;
    optiga_wipe(buf, len);
    if (o == NULL || o->i2c == NULL)
        return PICKET_OPTIGA_ERR_ARG;
    for (size_t done = 0; done < len;) {
        size_t n = len - done < CHUNK ? len - done : CHUNK;
        int result = get_some(o, (uint8_t *)buf + done, n);
        if (result != 0) {
            optiga_wipe(buf, len);
            return result;
        }
        done += n;
    }
    return 0;
}

// --- Signatures ---

// A DER INTEGER of at most 256 bits, not negative, as 32 bytes. The number of bytes it took, 0: it is none.
static size_t take_integer(const uint8_t *der, size_t len, uint8_t out[DIGEST])
{
    if (len < 3 || der[0] != 0x02 || der[1] == 0 || der[1] > len - 2U || der[2] & 0x80)
        return 0;
    size_t n = der[1], skip = n > DIGEST ? 1 : 0;
    if (n - skip > DIGEST || (skip == 1 && der[2] != 0))
        return 0;
    memset(out, 0, DIGEST);
    memcpy(out + DIGEST - (n - skip), der + 2 + skip, n - skip);
    return 2 + n;
}

static bool take_signature(const uint8_t *der, size_t len, uint8_t signature[64])
{
    size_t n = take_integer(der, len, signature);
    return n > 0 && take_integer(der + n, len - n, signature + DIGEST) == len - n;
}

static int calc_sign(picket_optiga_t *o, uint16_t key, const uint8_t *digest, uint8_t *der)
{
    uint8_t apdu[OPTIGA_HEADER + 3 + DIGEST + 5] = {CALC_SIGN,  ECDSA, 0,     3 + DIGEST + 5,
                                                    DIGEST_TAG, 0,     DIGEST};
    memcpy(apdu + OPTIGA_HEADER + 3, digest, DIGEST);
    const uint8_t tail[] = {KEY_TAG, 0, 2, (uint8_t)(key >> 8), (uint8_t)key};
    memcpy(apdu + OPTIGA_HEADER + 3 + DIGEST, tail, sizeof tail);
    struct command sign = {apdu, der, sizeof apdu, SIGN_MS, 1, SIGNATURE_MAX};
    return run(o, &sign, SIGN_CALL_MS);
}

int picket_optiga_sign(picket_optiga_t *o, uint16_t key, const uint8_t *digest, size_t digest_len,
                       uint8_t signature[64])
{
    if (o == NULL || o->i2c == NULL || digest == NULL || signature == NULL || digest_len < DIGEST ||
        key < PICKET_OPTIGA_KEY_0 || key > PICKET_OPTIGA_KEY_3)
        return PICKET_OPTIGA_ERR_ARG;
    uint8_t der[SIGNATURE_MAX];
    int result = calc_sign(o, key, digest, der);
    if (result == 0 && !take_signature(der, out_len(o), signature))
        result = PICKET_OPTIGA_ERR_PROTOCOL;
    if (result != 0)
        memset(signature, 0, 64);
    return result;
}

// --- The end ---

void picket_optiga_close(picket_optiga_t *o)
{
    static const uint8_t apdu[] = {CLOSE_APPLICATION, 0, 0, 0};
    static const struct command close = {.apdu = apdu, .len = sizeof apdu, .answer_ms = OPTIGA_OPEN_MS};
    if (o == NULL)
        return;
    if (o->i2c != NULL && o->ready) {
        optiga_begin(o, CALL_MS);
        (void)transact(o, &close);
    }
    optiga_wipe(o, sizeof *o);
}

// --- In words ---

const char *picket_optiga_strerror(int error)
{
    switch (error) {
#define SENTENCE(name, value, sentence) \
    case name: return sentence;
        PICKET_OPTIGA_ERROR_LIST(SENTENCE)
#undef SENTENCE
    default: return error >= 0 ? "ok" : "unknown error";
    }
}

uint8_t picket_optiga_refusal(const picket_optiga_t *o)
{
    return o->refusal;
}

// Those that a command of ours can meet.
const char *picket_optiga_refusal_name(uint8_t code)
{
    static const struct {
        uint8_t code;
        const char *name;
    } names[] = {
        {0x00, "no error code"},
        {0x01, "invalid OID"},
        {0x03, "invalid Param field"},
        {0x04, "invalid length field"},
        {0x05, "invalid parameter in the data"},
        {0x06, "internal process error"},
        {0x07, "access conditions not satisfied"},
        {0x08, "data object boundary exceeded"},
        {0x0a, "invalid command"},
        {0x0b, "command out of sequence"},
        {0x0c, "command not available: the application is closed or terminated"},
        {0x0d, "not enough memory"},
        {0x0e, "usage counter exceeded"},
        {0x11, "invalid metadata of the key or data object"},
        {0x24, "unsupported extension, key usage or algorithm"},
        {0x25, "unsupported parameter"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].code == code)
            return names[i].name;
    return "another error code";
}
