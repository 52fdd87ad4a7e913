// Pins: read from text and from keys, and found in a store.
#include <stdlib.h>

#include "check.h"
#include "trust.h"

static picket_pin_t pin;

// A public key on P-256, its SHA-256 ("openssl dgst -sha256 -binary key.der | base64"), and a certificate with that key.
static const char key_hex[] =
    "3059301306072a8648ce3d020106082a8648ce3d0301070342000415815485b972bada30425a8b161ff0f6e472f3"
    "8cac751ded934488bda292b954daca1d4d7c861e783098e50b03d03309a8d3f43997d04a6930536316a89fcdf1";
static const char key_pin[] = "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM=";
static const char certificate_hex[] =
    "3082017a3082011fa00302010202143d6bbea2f5bbd9ba7fa559e61eae7525b83d21ec300a06082a8648ce3d0403"
    "023011310f300d06035504030c06526f6f7420413020170d3236313132333039313333345a180f32313236313033"
    "303039313333345a3011310f300d06035504030c06526f6f7420413059301306072a8648ce3d020106082a8648ce"
    "3d0301070342000415815485b972bada30425a8b161ff0f6e472f38cac751ded934488bda292b954daca1d4d7c86"
    "1e783098e50b03d03309a8d3f43997d04a6930536316a89fcdf1a3533051301d0603551d0e04160414c780f38b29"
    "7658cf61ffa3e49775ff4f613f22aa301f0603551d23041830168014c780f38b297658cf61ffa3e49775ff4f613f"
    "22aa300f0603551d130101ff040530030101ff300a06082a8648ce3d040302034900304602210093db45cfcdba89"
    "cb84cafb2ca7961eebac9325906eb5a7b4223313363eeb3b45022100f1b1071c5442420f651d7e5ffb7fd1333c07"
    "021034783309d6440eaece9b0759";

static uint8_t *unhex(const char *hex, size_t *len)
{
    *len = strlen(hex) / 2;
    uint8_t *bytes = malloc(*len); // exactly, so that a byte too far is noticed
    for (size_t i = 0; i < *len; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return bytes;
}

static void reads_text(void)
{
    picket_pin_t of_key;
    size_t len;
    uint8_t *key = unhex(key_hex, &len);
    CHECK_INT(picket_pin_of(key, len, &of_key), 0);
    pin.name = "x";
    CHECK_INT(picket_pin_parse(key_pin, strlen(key_pin), &pin), 0);
    CHECK(pin.name == NULL);
    CHECK(memcmp(pin.sha256, of_key.sha256, sizeof pin.sha256) == 0);
    free(key);
}

static void refuses_other_texts(void)
{
    static const char *const texts[] = {
        "",
        "sha256//",
        "sha256/DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM=",
        "SHA256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM=",
        "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM",
        "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM==",
        "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dM= ",
        "sha256//DzM5VMLeH+HImo4ZkeV4-uhHewaK+3bDXNKPmLT98dM=",
        "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98dMA",
        "sha256//DzM5VMLeH+HImo4ZkeV4buhHewaK+3bDXNKPmLT98d==",
        "sha256//                                           =",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_INT(picket_pin_parse(texts[i], strlen(texts[i]), &pin), PICKET_ERR_TRUST_FORMAT);
    CHECK_INT(picket_pin_parse(NULL, 0, &pin), PICKET_ERR_ARG);
    CHECK_INT(picket_pin_parse(key_pin, strlen(key_pin), NULL), PICKET_ERR_ARG);
}

static void reads_keys_and_certificates(void)
{
    picket_pin_t wanted;
    size_t len;
    CHECK_INT(picket_pin_parse(key_pin, strlen(key_pin), &wanted), 0);
    uint8_t *certificate = unhex(certificate_hex, &len);
    CHECK_INT(picket_pin_of(certificate, len, &pin), 0);
    CHECK(memcmp(&pin, &wanted, sizeof pin) == 0);
    free(certificate);
    CHECK_INT(picket_pin_of(NULL, 1, &pin), PICKET_ERR_ARG);
    CHECK_INT(picket_pin_of("0", 1, NULL), PICKET_ERR_ARG);
}

static void refuse_cut(const char *hex)
{
    size_t whole;
    uint8_t *bytes = unhex(hex, &whole);
    for (size_t len = 0; len < whole; len++) {
        uint8_t *part = malloc(len);
        memcpy(part, bytes, len);
        CHECK_INT(picket_pin_of(part, len, &pin), PICKET_ERR_TRUST_FORMAT);
        free(part);
    }
    uint8_t *longer = malloc(whole + 1);
    memcpy(longer, bytes, whole);
    longer[whole] = 0;
    CHECK_INT(picket_pin_of(longer, whole + 1, &pin), PICKET_ERR_TRUST_FORMAT);
    free(longer);
    free(bytes);
}

static void refuses_what_is_cut_at_any_byte(void)
{
    refuse_cut(key_hex);
    refuse_cut(certificate_hex);
}

static void refuses_other_der(void)
{
    CHECK_INT(picket_pin_of("\x30\x00", 2, &pin), PICKET_ERR_TRUST_FORMAT);
    CHECK_INT(picket_pin_of("\x30\x05\x30\x00\x04\x01\x00", 7, &pin), PICKET_ERR_TRUST_FORMAT); // no bits
    CHECK_INT(picket_pin_of("\x30\x07\x30\x00\x03\x01\x00\x05\x00", 9, &pin),
              PICKET_ERR_TRUST_FORMAT); // more
    CHECK_INT(picket_pin_of("\x30\x05\x30\x00\x03\x01\x00", 7, &pin), 0);
}

static void finds_the_pin_of_a_key(void)
{
    mbedtls_x509_crt crt = {0};
    picket_pin_t pins[3] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    picket_trust_t store = {.pins = pins, .pin_count = 3};
    size_t len;
    crt.pk_raw.p = unhex(key_hex, &len);
    crt.pk_raw.len = len;
    CHECK(trust_pin_of(&store, &crt) == NULL);
    CHECK_INT(picket_pin_parse(key_pin, strlen(key_pin), &pins[1]), 0);
    CHECK(trust_pin_of(&store, &crt) == &pins[1]);
    for (size_t i = 0; i < sizeof pins[1].sha256; i++) {
        pins[1].sha256[i] ^= 0x10;
        CHECK(trust_pin_of(&store, &crt) == NULL);
        pins[1].sha256[i] ^= 0x10;
    }
    store.pin_count = 1;
    CHECK(trust_pin_of(&store, &crt) == NULL);
    CHECK(trust_is_pins_only(&store));
    store.pin_count = 0;
    CHECK(!trust_is_pins_only(&store));
    free(crt.pk_raw.p);
}

int main(void)
{
    RUN(reads_text);
    RUN(refuses_other_texts);
    RUN(reads_keys_and_certificates);
    RUN(refuses_what_is_cut_at_any_byte);
    RUN(refuses_other_der);
    RUN(finds_the_pin_of_a_key);
    return check_done();
}
