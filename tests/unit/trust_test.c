// Stores of trust anchors: read from PEM and DER, damaged or not, and found again by name.
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "check.h"
#include "entropy.h"
#include "picket/trust.h"
#include "psa/crypto.h"
#include "script_port.h"
#include "trust.h"
#include "trust_der.h"

// --- Certificates. openssl 3.0 made them, valid for 100 years:
//
//     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout a.key -nodes -days 36500
//         -subj "/CN=Root A" -outform DER -out a.der
//
// a2 in the same way, so that two have one name; b with "/O=Picket Tests/CN=Root B"; ed as a, with an Ed25519
// key, which Mbed TLS does not know; sha1 with "-newkey rsa:1024 -sha1" and "/CN=Root SHA-1". The leaf was
// signed with a's key:
//
//     openssl x509 -req -in leaf.csr -CA a.der -CAkey a.key -days 36500 -outform DER -out leaf.der

static const char a_hex[] =
    "3082017a3082011fa00302010202143d6bbea2f5bbd9ba7fa559e61eae7525b83d21ec300a06082a8648ce3d0403"
    "023011310f300d06035504030c06526f6f7420413020170d3236313132333039313333345a180f32313236313033"
    "303039313333345a3011310f300d06035504030c06526f6f7420413059301306072a8648ce3d020106082a8648ce"
    "3d0301070342000415815485b972bada30425a8b161ff0f6e472f38cac751ded934488bda292b954daca1d4d7c86"
    "1e783098e50b03d03309a8d3f43997d04a6930536316a89fcdf1a3533051301d0603551d0e04160414c780f38b29"
    "7658cf61ffa3e49775ff4f613f22aa301f0603551d23041830168014c780f38b297658cf61ffa3e49775ff4f613f"
    "22aa300f0603551d130101ff040530030101ff300a06082a8648ce3d040302034900304602210093db45cfcdba89"
    "cb84cafb2ca7961eebac9325906eb5a7b4223313363eeb3b45022100f1b1071c5442420f651d7e5ffb7fd1333c07"
    "021034783309d6440eaece9b0759";

static const char a2_hex[] =
    "3082017a3082011fa003020102021476c62c06d34a617f36b584c8e867c965c04c5dec300a06082a8648ce3d0403"
    "023011310f300d06035504030c06526f6f7420413020170d3236313132333039313333345a180f32313236313033"
    "303039313333345a3011310f300d06035504030c06526f6f7420413059301306072a8648ce3d020106082a8648ce"
    "3d03010703420004754ec7641c5dff5343798d6bcaf700731adfdd72b2da0dae91db76f1d03a86a11ec45863989d"
    "ed0a3caf3a41097c81c97ad04b6bb1fc0550ec958cb861a7b8dca3533051301d0603551d0e04160414c33a6ff370"
    "5238ee97ee878c4278cbeccd5494da301f0603551d23041830168014c33a6ff3705238ee97ee878c4278cbeccd54"
    "94da300f0603551d130101ff040530030101ff300a06082a8648ce3d0403020349003046022100fcf638298491f1"
    "e68945d91ffaad74ceb607dc70472ad2bee473f44007adaa93022100a94fa09b130c0f591c187cb8f76901d8f315"
    "c384125c183a19b507f5ea458f0e";

static const char b_hex[] =
    "308201a83082014da00302010202145d8cac70d76e04058229b7e63cfc9977251f4421300a06082a8648ce3d0403"
    "02302831153013060355040a0c0c5069636b6574205465737473310f300d06035504030c06526f6f742042302017"
    "0d3236313132333039313333345a180f32313236313033303039313333345a302831153013060355040a0c0c5069"
    "636b6574205465737473310f300d06035504030c06526f6f7420423059301306072a8648ce3d020106082a8648ce"
    "3d030107034200044b4276f2d6cce2bb4177f1d6d416d54f52f4f800a9564d9cc29011465f5ea9c188e0c20a0b65"
    "d591d35a343b67ef8fcf16ffeda7b11ac35e98c75be09ce44f2fa3533051301d0603551d0e0416041465aab9ef90"
    "2da743392aca418c17175dd4e6f2df301f0603551d2304183016801465aab9ef902da743392aca418c17175dd4e6"
    "f2df300f0603551d130101ff040530030101ff300a06082a8648ce3d0403020349003046022100d5e66f4e95c382"
    "4b7ebb69ea4ceb54dd58c24a408dfc30f842d1767c55a7eda0022100f58f5e4653d8bc768d96a697d253215418e1"
    "03e14196740f9772125d89955353";

static const char ed_hex[] =
    "308201383081eba0030201020214481f27d2f10d73ade6cde65cbc723b2c73c4eeeb300506032b65703011310f30"
    "0d06035504030c06526f6f7420413020170d3236313132333039313333345a180f32313236313033303039313333"
    "345a3011310f300d06035504030c06526f6f742041302a300506032b65700321008720001c86bc6b93aa0140228e"
    "ea1fab40b741870fbe50bab59a085f37054434a3533051301d0603551d0e0416041416d018d4f957f5804bf918dd"
    "73353d20809e30d0301f0603551d2304183016801416d018d4f957f5804bf918dd73353d20809e30d0300f060355"
    "1d130101ff040530030101ff300506032b6570034100a68b0ce57e4c14a32ee7797a9d01d7b6e9281bed10c8c97a"
    "53d24a4be2c5325de22be398e866557ecf197debb0ad1614a7f6fae309a0891c7f93a355b011f50a";

static const char sha1_hex[] =
    "3082020830820171a00302010202140f8d5109588f75c52601086a0c0e0248b399f888300d06092a864886f70d01"
    "0105050030153113301106035504030c0a526f6f74205348412d313020170d3236313132333039323435365a180f"
    "32313236313033303039323435365a30153113301106035504030c0a526f6f74205348412d3130819f300d06092a"
    "864886f70d010101050003818d0030818902818100a10d0e52d09d3b5194f26f9ec2d79e7d581d3d7feca34c2dc7"
    "0d6d7c4214184e93bd38ccca832343e37c88d1ec45da2955c8945520de41253d61510cd52db29745c3511f9a9f94"
    "b9da9da58f9d0138727cfb9dec2ba889a8d5a3b3de715599423b2269fd60756e65fb807ab63fe8231fe6bf87d10d"
    "a0d99d5ba0d33a287d9d790203010001a3533051301d0603551d0e04160414f9d746ba8928c968658eddaa1e6c49"
    "96bc1465fa301f0603551d23041830168014f9d746ba8928c968658eddaa1e6c4996bc1465fa300f0603551d1301"
    "01ff040530030101ff300d06092a864886f70d0101050500038181006930046082a3074caa23b9a6c38a6b406a96"
    "16162ccd4c540962d87aada8541d7e59e74f9036dce1a0f7e5c674c69ed9e2d1b53fa6dc37bd697ce0cfe39fa688"
    "bdce6ba966c933b8a9b9d593f8a741dd7973bb2daf97ef1df29604719289165f06d04f2dceb9d5481b6e6af4bf3d"
    "6a08aa8f2562b3d2f58882cc0a64f7706f56";

static const char leaf_hex[] =
    "3082011c3081c3021424b1ea88253130ff27bd62627c495e611e2506cb300a06082a8648ce3d0403023011310f30"
    "0d06035504030c06526f6f7420413020170d3236313132333039313333345a180f32313236313033303039313333"
    "345a300f310d300b06035504030c046c6561663059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "deb1c043da668e800f98a8aac357024131aff61c98bfa4fadd13d01252ff3c14bfa18e10aa88ab96df9a30e7f72f"
    "75084bde1b5ebe3fa63ce71f7f05bd177856300a06082a8648ce3d0403020348003045022062a864f1915c44743d"
    "ebd83823f2810884afe3d8a6ba263661aabca5cb19adf6022100cbbe4dd24aae03fbc0ba3d81464d8f33d13957db"
    "aa07d164afca67bd31c2f3de";

// b as openssl writes it.
static const char b_pem[] = "-----BEGIN CERTIFICATE-----\n"
                            "MIIBqDCCAU2gAwIBAgIUXYyscNduBAWCKbfmPPyZdyUfRCEwCgYIKoZIzj0EAwIw\n"
                            "KDEVMBMGA1UECgwMUGlja2V0IFRlc3RzMQ8wDQYDVQQDDAZSb290IEIwIBcNMjYx\n"
                            "MTIzMDkxMzM0WhgPMjEyNjEwMzAwOTEzMzRaMCgxFTATBgNVBAoMDFBpY2tldCBU\n"
                            "ZXN0czEPMA0GA1UEAwwGUm9vdCBCMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
                            "S0J28tbM4rtBd/HW1BbVT1L0+ACpVk2cwpARRl9eqcGI4MIKC2XVkdNaNDtn74/P\n"
                            "Fv/tp7Eaw16Yx1vgnORPL6NTMFEwHQYDVR0OBBYEFGWque+QLadDOSrKQYwXF13U\n"
                            "5vLfMB8GA1UdIwQYMBaAFGWque+QLadDOSrKQYwXF13U5vLfMA8GA1UdEwEB/wQF\n"
                            "MAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhANXmb06Vw4JLfrtp6kzrVN1YwkpAjfww\n"
                            "+ELRdnxVp+2gAiEA9Y9eRlPYvHaNlqaX0lMhVBjhA+FBlnQPl3ISXYmVU1M=\n"
                            "-----END CERTIFICATE-----\n";

typedef struct cert {
    uint8_t der[600];
    size_t len;
} cert_t;

static cert_t a, a2, b, ed, sha1, leaf;

static void unhex(cert_t *cert, const char *hex)
{
    for (cert->len = 0; *hex != '\0'; hex += 2)
        cert->der[cert->len++] = (uint8_t)strtoul((char[3]){hex[0], hex[1], '\0'}, NULL, 16);
}

static void unhex_all(void)
{
    unhex(&a, a_hex);
    unhex(&a2, a2_hex);
    unhex(&b, b_hex);
    unhex(&ed, ed_hex);
    unhex(&sha1, sha1_hex);
    unhex(&leaf, leaf_hex);
}

// --- Input: text that grows, and its place before a page that nobody may read

#define INPUT_MAX (256u * 1024u)

static struct {
    char bytes[INPUT_MAX];
    size_t len;
} input;

static char *guard;

static void make_guard(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, INPUT_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + INPUT_MAX, page, PROT_NONE) != 0)
        abort();
    guard = map + INPUT_MAX;
}

static const void *guarded(const void *bytes, size_t len)
{
    return memcpy(guard - len, bytes, len);
}

static void clear(void)
{
    input.len = 0;
}

static void put(const void *bytes, size_t len)
{
    memcpy(input.bytes + input.len, bytes, len);
    input.len += len;
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_der(const cert_t *cert)
{
    put(cert->der, cert->len);
}

// Base64, so many characters a line, 0: all in one.
static void put_base64(const uint8_t *der, size_t len, size_t width, const char *eol)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t column = 0;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)der[i] << 16;
        bits |= i + 1 < len ? (uint32_t)der[i + 1] << 8 : 0;
        bits |= i + 2 < len ? (uint32_t)der[i + 2] : 0;
        for (size_t k = 0; k < 4; k++) {
            put(i + k <= len ? &alphabet[bits >> (18 - 6 * k) & 63] : "=", 1);
            if (++column == width) {
                put_text(eol);
                column = 0;
            }
        }
    }
}

static void put_block(const uint8_t *der, size_t len, size_t width, const char *eol)
{
    put_text("-----BEGIN CERTIFICATE-----");
    put_text(eol);
    put_base64(der, len, width, eol);
    put_text(eol);
    put_text("-----END CERTIFICATE-----");
}

static void put_pem(const cert_t *cert)
{
    put_block(cert->der, cert->len, 64, "\n");
    put_text("\n");
}

// --- Loading

static picket_trust_t store;
static _Alignas(8) uint8_t memory[INPUT_MAX];
static size_t bad;

static int load_from(const void *data, size_t len)
{
    memset(&store, 0xee, sizeof store);
    bad = 9999999;
    return picket_trust_load(&store, data, len, memory, picket_trust_mem(data, len), &bad);
}

static int load(void)
{
    return load_from(guarded(input.bytes, input.len), input.len);
}

static bool holds(const cert_t *cert)
{
    for (size_t i = 0; i < store.count; i++) {
        const picket_anchor_t *anchor = &store.anchors[i];
        if (anchor->der_len == cert->len && memcmp(anchor->der, cert->der, cert->len) == 0)
            return true;
    }
    return false;
}

static bool is_sorted(void)
{
    for (size_t i = 1; i < store.count; i++) {
        if (store.anchors[i - 1].subject_hash > store.anchors[i].subject_hash)
            return false;
    }
    return true;
}

static void check_loaded(size_t count)
{
    CHECK_INT(load(), 0);
    CHECK_INT(store.count, count);
    CHECK(is_sorted());
}

static void check_refused(size_t at)
{
    CHECK_INT(load(), PICKET_ERR_TRUST_FORMAT);
    CHECK_INT(bad, at);
    CHECK(store.anchors == NULL);
    CHECK_INT(store.count, 0);
}

// --- PEM

static void reads_what_openssl_writes(void)
{
    clear();
    put_text(b_pem);
    check_loaded(1);
    CHECK(holds(&b));
}

static void reads_many(void)
{
    clear();
    put_pem(&b);
    put_pem(&leaf);
    put_pem(&a);
    put_pem(&a2);
    put_pem(&ed);
    check_loaded(5);
    CHECK(holds(&a) && holds(&a2) && holds(&b) && holds(&ed) && holds(&leaf));
}

// Any width of line, any end of line, and no newline at the end.
static void reads_every_layout(void)
{
    static const char *const eols[] = {"\n", "\r\n", "\r", " \n", "\n\t", "\n\n"};
    static const size_t widths[] = {0, 1, 3, 4, 5, 60, 64, 76, 1000};
    for (size_t e = 0; e < sizeof eols / sizeof eols[0]; e++) {
        for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++) {
            clear();
            put_block(b.der, b.len, widths[w], eols[e]);
            put_text(eols[e]);
            put_block(a.der, a.len, widths[w], eols[e]);
            check_loaded(2);
            CHECK(holds(&a) && holds(&b));
        }
    }
}

static void ignores_what_stands_between(void)
{
    clear();
    put_text("# Roots\n\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    put_pem(&a);
    put("\0\xff\x1a", 3);
    put_text("Issuer: CN=x\n-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n");
    put_text("---------BEGIN CERTIFICATE----\n-----END CERTIFICATE-----\n");
    put_pem(&b);
    put_text("-----BEGIN CERTIFICATE----");
    check_loaded(2);
    CHECK(holds(&a) && holds(&b));
}

// DER begins with 0x30, which is also the digit 0.
static void takes_text_that_begins_with_a_zero_for_text(void)
{
    static const char *const beginnings[] = {"0\n", "00\n", "0 roots of ours\n", "01: Root A\n",
                                             "0\x82\x01\x01\n"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        clear();
        put_text(beginnings[i]);
        put_pem(&a);
        put_pem(&b);
        check_loaded(2);
        CHECK(holds(&a) && holds(&b));
    }
}

static void keeps_repeated_ones_once(void)
{
    clear();
    put_pem(&a);
    put_pem(&b);
    put_block(a.der, a.len, 20, "\r\n");
    put_pem(&a2);
    put_pem(&b);
    check_loaded(3);
    CHECK(holds(&a) && holds(&b) && holds(&a2));
}

static void refuses_what_holds_no_certificate(void)
{
    static const char *const texts[] = {
        "x", "hello\n", "-----BEGIN CERTIFICATE----", "-----END CERTIFICATE-----", "\n\n\n", "0", "00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        clear();
        put_text(texts[i]);
        check_refused(0);
    }
    clear();
    check_refused(0);
}

// What a block of PEM may not hold. The good one before it makes the offset worth looking at.
static const char *const bad_blocks[] = {
    "",
    "\n",
    "=",
    "====",
    "AAA",
    "A",
    "AAAAA",
    "AAAA",  // not a certificate
    "MAA=",  // an empty SEQUENCE
    "MAA",   // without its padding
    "MAA==", // with too much
    "MA=A",  // in the middle
    "MAAA=",
    "MAAA====",
    "MA==MA==",
    "MAA*",
    "MAA-",
    "MAA_",
    "MAA\\",
    "MAA\x80",
    "Proc-Type: 4,ENCRYPTED\n\nMAA=",
    "-----BEGIN CERTIFICATE-----",
};

static void refuses_bad_blocks(void)
{
    for (size_t i = 0; i < sizeof bad_blocks / sizeof bad_blocks[0]; i++) {
        clear();
        put_text("one\n");
        put_pem(&a);
        size_t at = input.len;
        put_text("-----BEGIN CERTIFICATE-----\n");
        put_text(bad_blocks[i]);
        put_text("\n-----END CERTIFICATE-----\n");
        put_pem(&b);
        check_refused(at);
    }
}

static void refuses_a_character_that_does_not_belong(void)
{
    static const char characters[] = "*-_=.,:;!@ \0\x7f";
    for (size_t i = 0; i < sizeof characters - 1; i++) {
        clear();
        put_pem(&b);
        input.bytes[100] = characters[i];
        if (characters[i] == ' ')
            continue; // a character is missing then: the length does not fit
        check_refused(0);
    }
    clear();
    put_pem(&b);
    input.bytes[100] = ' ';
    check_refused(0);
}

// Padding by too many or too few characters, for each of the three lengths.
static void refuses_wrong_padding(void)
{
    for (size_t cut = 0; cut < 3; cut++) {
        for (int more = -2; more <= 4; more++) {
            clear();
            put_text("-----BEGIN CERTIFICATE-----\n");
            put_base64(b.der, b.len - cut, 0, "");
            for (int i = 0; i < more; i++)
                put_text("=");
            input.len -= more < 0 ? (size_t)-more : 0;
            put_text("\n-----END CERTIFICATE-----\n");
            if (cut == 0 && more == 0)
                check_loaded(1);
            else
                check_refused(0);
        }
    }
}

static void refuses_two_in_one_block(void)
{
    clear();
    put_der(&a);
    put_der(&b);
    uint8_t both[1000];
    size_t len = input.len;
    REQUIRE(len < sizeof both);
    memcpy(both, input.bytes, len);
    for (size_t n = a.len; n <= len; n++) {
        clear();
        put_block(both, n, 64, "\n");
        if (n > a.len)
            check_refused(0);
        else
            check_loaded(1);
    }
}

// Cut off anywhere, a file is refused or, cut between two, holds those before.
static void survives_pem_cut_at_each_byte(void)
{
    clear();
    put_pem(&b);
    size_t first = input.len - 1; // its newline may be missing
    put_pem(&a);
    size_t whole = input.len;
    size_t second = first + 1 + strlen("-----BEGIN CERTIFICATE-----");
    for (size_t len = 0; len < whole; len++) {
        input.len = len;
        int error = load();
        bool one = len >= first && len < second;
        CHECK_INT(error, len == whole - 1 || one ? 0 : PICKET_ERR_TRUST_FORMAT);
        CHECK_INT(store.count, len == whole - 1 ? 2 : one ? 1 : 0);
        if (error != 0)
            CHECK_INT(bad, len < second ? 0 : first + 1);
    }
}

// --- DER

static void reads_der(void)
{
    clear();
    put_der(&a);
    check_loaded(1);
    CHECK(holds(&a));
    CHECK(store.anchors[0].der == (const uint8_t *)guard - a.len); // not copied
    put_der(&b);
    put_der(&a2);
    put_der(&a);
    check_loaded(3);
    CHECK(holds(&a) && holds(&b) && holds(&a2));
}

static void refuses_der_cut_at_each_byte(void)
{
    for (size_t len = 0; len < a.len; len++) {
        clear();
        put(a.der, len);
        check_refused(0);
        clear();
        put_der(&b);
        put(a.der, len);
        if (len > 0)
            check_refused(b.len);
    }
}

static void refuses_what_follows_der(void)
{
    static const struct {
        const char *bytes;
        size_t len;
    } tails[] = {{"\n", 1},  {"\0", 1},        {"\0\0", 2}, {"0", 1},
                 {"0\0", 2}, {"0\x80\0\0", 4}, {"junk", 4}, {"\x30\x03\x02\x01", 4}};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        clear();
        put_der(&a);
        put_der(&b);
        put(tails[i].bytes, tails[i].len);
        check_refused(a.len + b.len);
    }
}

// DER has one way to write a length. The certificates here begin with 30 82.
static void refuses_lengths_that_are_not_der(void)
{
    clear();
    put("\x30\x83\x00", 3);
    put(a.der + 2, a.len - 2);
    check_refused(0);
    clear();
    put("\x30\x80", 2); // indefinite
    put(a.der + 4, a.len - 4);
    put("\0\0", 2);
    check_refused(0);
    clear();
    put(a.der, a.len);
    input.bytes[1] = (char)0x84;
    check_refused(0);
}

// A certificate is read only as far as its subject, so most changes pass here; none may crash, neither here
// nor in the lookups that follow.
static size_t count_issuers(const uint8_t *der, size_t len);
static bool contains(const cert_t *cert);

static void look_up_everything(void)
{
    (void)count_issuers(leaf.der, leaf.len);
    (void)contains(&leaf);
}

static void load_changed(void)
{
    int error = load();
    CHECK(error == 0 || error == PICKET_ERR_TRUST_FORMAT);
    CHECK_INT(store.count, error == 0 ? 1 : 0);
    if (error == 0)
        look_up_everything();
}

static void survives_every_flipped_bit_of_der(void)
{
    for (size_t bit = 0; bit < a.len * 8; bit++) {
        clear();
        put_der(&a);
        input.bytes[bit / 8] = (char)(input.bytes[bit / 8] ^ 1 << bit % 8);
        load_changed();
    }
}

static void survives_every_flipped_bit_of_pem(void)
{
    clear();
    put_pem(&a);
    for (size_t bit = 0; bit < input.len * 8; bit++) {
        input.bytes[bit / 8] = (char)(input.bytes[bit / 8] ^ 1 << bit % 8);
        load_changed();
        input.bytes[bit / 8] = (char)(input.bytes[bit / 8] ^ 1 << bit % 8);
    }
}

// Each length field claims more or less than there is.
static void survives_every_value_of_each_byte_near_the_front(void)
{
    for (size_t at = 0; at < 24; at++) {
        for (int value = 0; value < 256; value++) {
            clear();
            put_der(&a);
            input.bytes[at] = (char)value;
            load_changed();
        }
    }
}

// --- DER made by hand

// An element around what has been put since at.
static void wrap(size_t at, uint8_t tag)
{
    uint8_t header[4] = {tag};
    size_t len = input.len - at, n = 2;
    if (len < 0x80) {
        header[1] = (uint8_t)len;
    } else if (len < 0x100) {
        header[1] = 0x81;
        header[n++] = (uint8_t)len;
    } else {
        header[1] = 0x82;
        header[n++] = (uint8_t)(len >> 8);
        header[n++] = (uint8_t)len;
    }
    memmove(input.bytes + at + n, input.bytes + at, len);
    memcpy(input.bytes + at, header, n);
    input.len += n;
}

static void put_element(uint8_t tag, const void *bytes, size_t len)
{
    size_t at = input.len;
    put(bytes, len);
    wrap(at, tag);
}

// A certificate as far as a store looks at it, filled up to so many bytes.
static void put_hollow(size_t total)
{
    static const char filling[PICKET_ANCHOR_MAX + 100];
    size_t at = input.len;
    put_element(0x02, "\1", 1);
    for (int i = 0; i < 4; i++)
        put_element(0x30, "", 0);
    size_t headers = total < 260 ? 8 : 12; // of the filling, and of the two around it
    put_element(0x04, filling, total - headers - (input.len - at));
    wrap(at, 0x30);
    wrap(at, 0x30);
    CHECK_INT(input.len - at, total);
}

static void takes_certificates_up_to_the_largest(void)
{
    clear();
    put_hollow(PICKET_ANCHOR_MAX);
    check_loaded(1);
    clear();
    put_der(&a);
    put_hollow(PICKET_ANCHOR_MAX + 1);
    put_der(&b);
    check_refused(a.len);
}

static void takes_a_large_one_in_pem(void)
{
    clear();
    put_hollow(PICKET_ANCHOR_MAX);
    uint8_t *copy = malloc(input.len);
    REQUIRE(copy != NULL);
    memcpy(copy, input.bytes, input.len);
    clear();
    put_block(copy, PICKET_ANCHOR_MAX, 64, "\n");
    check_loaded(1);
    CHECK_INT(store.anchors[0].der_len, PICKET_ANCHOR_MAX);
    free(copy);
}

static void sorts_many_names(void)
{
    clear();
    for (int i = 0; i < 500; i++) {
        size_t at = input.len;
        put_element(0x02, "\1", 1);
        for (int k = 0; k < 3; k++)
            put_element(0x30, "", 0);
        size_t name = input.len;
        put_element(0x06, "\x55\x04\x03", 3);
        put_element(0x0c, &(uint16_t){(uint16_t)(i * 7919)}, 2);
        for (int k = 0; k < 3; k++)
            wrap(name, k == 1 ? 0x31 : 0x30);
        wrap(at, 0x30);
        wrap(at, 0x30);
    }
    check_loaded(500);
}

// --- Memory

// In exactly the memory asked for, wherever it begins; in less, either it suffices or it says so; and never a
// byte outside.
static void check_memory(size_t count)
{
    const void *data = guarded(input.bytes, input.len);
    size_t enough = picket_trust_mem(data, input.len);
    for (size_t skip = 0; skip < 8; skip++) {
        size_t fits = SIZE_MAX;
        for (size_t len = enough; len <= enough; len--) {
            uint8_t *block = malloc(skip + len + 1);
            REQUIRE(block != NULL);
            int error = picket_trust_load(&store, data, input.len, block + skip, len, NULL);
            CHECK(error == 0 || (error == PICKET_ERR_NO_MEMORY && len < enough));
            CHECK_INT(store.count, error == 0 ? count : 0);
            CHECK(error != 0 || len == enough || fits == len + 1); // no gap
            fits = error == 0 ? len : fits;
            free(block);
        }
        CHECK(fits + 16 > enough || input.bytes[0] == '-');
    }
}

static void needs_no_more_memory_than_it_says(void)
{
    clear();
    put_der(&a);
    put_der(&b);
    check_memory(2);
    clear();
    put_pem(&a);
    put_pem(&b);
    put_pem(&a);
    check_memory(2);
    clear();
    put_block(a.der, a.len, 0, "");
    check_memory(1);
}

static void says_how_much_memory_is_enough(void)
{
    clear();
    put_der(&a);
    put_der(&b);
    CHECK(picket_trust_mem(input.bytes, input.len) >= 2 * sizeof(picket_anchor_t));
    CHECK(picket_trust_mem(input.bytes, input.len) <= 2 * sizeof(picket_anchor_t) + 16);
    clear();
    put_pem(&a);
    CHECK(picket_trust_mem(input.bytes, input.len) >= sizeof(picket_anchor_t) + a.len);
    CHECK(picket_trust_mem(input.bytes, input.len) <= sizeof(picket_anchor_t) + a.len + 40);
    CHECK_INT(picket_trust_mem(NULL, 10), 0);
}

static void wants_its_arguments(void)
{
    CHECK_INT(picket_trust_load(NULL, a.der, a.len, memory, sizeof memory, NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_trust_load(&store, NULL, a.len, memory, sizeof memory, NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_trust_load(&store, a.der, a.len, NULL, 0, NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_trust_load(&store, a.der, a.len, memory, sizeof memory, NULL), 0);
}

// --- Names

// Each attribute stands alone: "OID-byte kind value", the OID 2.5.4.x.
typedef struct attribute {
    uint8_t type, kind;
    const char *value;
} attribute_t;

static uint32_t hash_name(const attribute_t *attributes, size_t count)
{
    clear();
    for (size_t i = 0; i < count; i++) {
        size_t at = input.len;
        put_element(0x06, (uint8_t[]){0x55, 0x04, attributes[i].type}, 3);
        put_element(attributes[i].kind, attributes[i].value, strlen(attributes[i].value));
        wrap(at, 0x30);
        wrap(at, 0x31);
    }
    wrap(0, 0x30);
    return picket_trust_hash(guarded(input.bytes, input.len), input.len);
}

static uint32_t hash_value(uint8_t kind, const char *value)
{
    return hash_name(&(attribute_t){3, kind, value}, 1);
}

enum { UTF8 = 0x0c, PRINTABLE = 0x13, TELETEX = 0x14, IA5 = 0x16 };

static void hashes_equal_names_equally(void)
{
    uint32_t hash = hash_value(UTF8, "Root A of us");
    CHECK(hash != 0);
    CHECK(hash_value(PRINTABLE, "Root A of us") == hash);
    CHECK(hash_value(TELETEX, "Root A of us") == hash);
    CHECK(hash_value(IA5, "Root A of us") == hash);
    CHECK(hash_value(PRINTABLE, "rOOT a OF US") == hash);
    CHECK(hash_value(UTF8, "  Root   A of  us ") == hash);
    CHECK(hash_value(UTF8, "Root A of us       ") == hash);
}

static void hashes_other_names_otherwise(void)
{
    static const char *const others[] = {"",
                                         "RootA of us",
                                         "Root B of us",
                                         "Root A of u",
                                         "Root A of us.",
                                         "oot A of us",
                                         "Root\tA of us",
                                         " ",
                                         "Root A of \xc3\xbcs"};
    uint32_t hash = hash_value(UTF8, "Root A of us");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CHECK(hash_value(UTF8, others[i]) != hash);
    CHECK(hash_name(&(attribute_t){10, UTF8, "Root A of us"}, 1) != hash);
}

// Where one value ends and the next begins counts, and their order.
static void hashes_each_attribute(void)
{
    uint32_t hash = hash_name((attribute_t[]){{10, UTF8, "ab"}, {3, UTF8, "c"}}, 2);
    CHECK(hash_name((attribute_t[]){{10, PRINTABLE, "AB"}, {3, PRINTABLE, " c"}}, 2) == hash);
    CHECK(hash_name((attribute_t[]){{10, UTF8, "a"}, {3, UTF8, "bc"}}, 2) != hash);
    CHECK(hash_name((attribute_t[]){{3, UTF8, "ab"}, {10, UTF8, "c"}}, 2) != hash);
    CHECK(hash_name((attribute_t[]){{3, UTF8, "c"}, {10, UTF8, "ab"}}, 2) != hash);
    CHECK(hash_name((attribute_t[]){{10, UTF8, "ab"}}, 1) != hash);
    CHECK(hash_name(NULL, 0) != 0);
}

static const struct {
    const char *bytes;
    size_t len;
} no_names[] = {
    {"", 0},
    {"0", 1},
    {"\x31\x00", 2},
    {"0\x01", 2},
    {"0\x02\x31", 3},
    {"0\x02\x30\x00", 4},                              // no SET
    {"0\x04\x31\x02\x31\x00", 6},                      // no SEQUENCE in it
    {"0\x04\x31\x02\x30\x00", 6},                      // no type
    {"0\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03", 11}, // no value
    {"0\x81\x02\x31\x00", 5},                          // a length in two bytes that fits into one
    {"0\x80\0\0", 4},
};

static void hashes_only_names(void)
{
    CHECK_INT(picket_trust_hash(NULL, 10), 0);
    for (size_t i = 0; i < sizeof no_names / sizeof no_names[0]; i++)
        CHECK_INT(picket_trust_hash(guarded(no_names[i].bytes, no_names[i].len), no_names[i].len), 0);
}

static void survives_names_cut_at_each_byte(void)
{
    (void)hash_name((attribute_t[]){{10, UTF8, "ab"}, {3, UTF8, "c"}}, 2);
    for (size_t len = 0; len < input.len; len++)
        CHECK_INT(picket_trust_hash(guarded(input.bytes, len), len), 0);
}

// --- Looking up

static _Alignas(8) uint8_t arena[PICKET_STACK_SIZE + 64 * 1024];

static void start(void)
{
    script_reset();
    entropy_start(script_port());
    if (!arena_start(arena, sizeof arena) || psa_crypto_init() != PSA_SUCCESS)
        abort();
}

static void stop(void)
{
    mbedtls_psa_crypto_free();
    CHECK(arena_check());
    CHECK_INT(arena_used(), 0);
    arena_stop();
    entropy_stop();
}

static size_t count_found(const mbedtls_x509_crt *child)
{
    mbedtls_x509_crt *found = NULL;
    size_t count = 0;
    CHECK_INT(trust_find_issuers(&(trust_search_t){.store = &store, .any_time = true}, child, 16, &found), 0);
    for (const mbedtls_x509_crt *each = found; each != NULL; each = each->next)
        count++;
    mbedtls_x509_crt_free(found);
    picket_arena_free(found);
    return count;
}

static size_t count_issuers(const uint8_t *der, size_t len)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    CHECK_INT(mbedtls_x509_crt_parse_der(&crt, der, len), 0);
    size_t count = count_found(&crt);
    mbedtls_x509_crt_free(&crt);
    return count;
}

// A root is its own issuer: the certificate parsed here only carries the name, taken from the anchor's bytes.
static size_t count_own_issuers(const picket_anchor_t *anchor)
{
    mbedtls_x509_crt child = {0};
    const uint8_t *subject;
    size_t whole;
    CHECK(der_certificate(anchor->der, anchor->der_len, &whole, &subject, &child.issuer_raw.len));
    child.issuer_raw.p = (unsigned char *)(uintptr_t)subject;
    return count_found(&child);
}

static bool contains(const cert_t *cert)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    CHECK_INT(mbedtls_x509_crt_parse_der(&crt, cert->der, cert->len), 0);
    bool found = trust_contains(&store, &crt);
    mbedtls_x509_crt_free(&crt);
    return found;
}

static void finds_issuers_by_name(void)
{
    clear();
    put_der(&b);
    check_loaded(1);
    CHECK_INT(count_issuers(leaf.der, leaf.len), 0);
    CHECK_INT(count_issuers(b.der, b.len), 1);
    put_der(&a);
    put_der(&a2);
    check_loaded(3);
    CHECK_INT(count_issuers(leaf.der, leaf.len), 2); // both have the name; the signature decides
    CHECK_INT(count_issuers(b.der, b.len), 1);
}

static void passes_over_what_cannot_be_parsed(void)
{
    clear();
    put_der(&ed);
    check_loaded(1);
    CHECK_INT(count_issuers(leaf.der, leaf.len), 0);
    put_der(&a);
    check_loaded(2);
    CHECK_INT(count_issuers(leaf.der, leaf.len), 1);
}

// DigiCert Global Root CA and its like: what signed the anchor itself does not matter.
static void finds_a_root_signed_with_sha1(void)
{
    clear();
    put_der(&sha1);
    check_loaded(1);
    CHECK_INT(count_own_issuers(&store.anchors[0]), 1);
}

static void finds_nothing_in_an_empty_store(void)
{
    store = (picket_trust_t){0};
    CHECK_INT(count_issuers(leaf.der, leaf.len), 0);
    CHECK(!contains(&leaf));
}

static void knows_its_own_certificates(void)
{
    clear();
    put_der(&a);
    put_der(&b);
    check_loaded(2);
    CHECK(contains(&a));
    CHECK(contains(&b));
    CHECK(!contains(&a2)); // the same name, another key
    CHECK(!contains(&leaf));
}

static void says_when_there_is_no_memory(void)
{
    mbedtls_x509_crt crt, *found;
    size_t before = arena_used();
    clear();
    put_der(&a);
    put_der(&a2);
    check_loaded(2);
    mbedtls_x509_crt_init(&crt);
    REQUIRE_INT(mbedtls_x509_crt_parse_der(&crt, leaf.der, leaf.len), 0);
    int code = -1;
    for (uint32_t n = 1; code != 0 && n < 1000; n++) {
        size_t used = arena_used();
        found = NULL;
        arena_fail_at(n);
        code = trust_find_issuers(&(trust_search_t){.store = &store, .any_time = true}, &crt, 16, &found);
        arena_fail_at(0);
        CHECK(code == 0 || (code == MBEDTLS_ERR_X509_ALLOC_FAILED && found == NULL && arena_used() == used));
    }
    CHECK_INT(code, 0);
    mbedtls_x509_crt_free(found);
    picket_arena_free(found);
    mbedtls_x509_crt_free(&crt);
    CHECK_INT(arena_used(), before);
}

// --- The certificates of this system

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

static char *read_file(const char *name, size_t *len)
{
    FILE *file = fopen(name, "rb");
    char *bytes = malloc(4 * 1024 * 1024);
    *len = file != NULL && bytes != NULL ? fread(bytes, 1, 4 * 1024 * 1024, file) : 0;
    if (file != NULL)
        fclose(file);
    return bytes;
}

// Those signed with SHA-1 (DigiCert Global Root CA, for one) included.
static void find_each(void)
{
    for (size_t i = 0; i < store.count; i++) {
        if (count_own_issuers(&store.anchors[i]) == 0)
            FAIL("anchor %zu of %zu is not found", i, store.count);
    }
}

static void finds_every_root_of_the_system(void)
{
    size_t len;
    char *bundle = read_file(SYSTEM_BUNDLE, &len);
    if (len == 0) {
        free(bundle);
        SKIP("no " SYSTEM_BUNDLE);
    }
    size_t mem_len = picket_trust_mem(bundle, len);
    void *mem = malloc(mem_len);
    CHECK(mem != NULL);
    CHECK_INT(picket_trust_load(&store, bundle, len, mem, mem_len, &bad), 0);
    free(bundle); // PEM may go
    CHECK(store.count > 50);
    CHECK(is_sorted());
    find_each();
    free(mem);
}

static void run_lookups(void)
{
    start();
    RUN(survives_every_flipped_bit_of_der);
    RUN(survives_every_flipped_bit_of_pem);
    RUN(survives_every_value_of_each_byte_near_the_front);
    RUN(finds_issuers_by_name);
    RUN(passes_over_what_cannot_be_parsed);
    RUN(finds_a_root_signed_with_sha1);
    RUN(finds_nothing_in_an_empty_store);
    RUN(knows_its_own_certificates);
    RUN(says_when_there_is_no_memory);
    RUN(finds_every_root_of_the_system);
    stop();
}

int main(void)
{
    make_guard();
    unhex_all();
    RUN(reads_what_openssl_writes);
    RUN(reads_many);
    RUN(reads_every_layout);
    RUN(ignores_what_stands_between);
    RUN(takes_text_that_begins_with_a_zero_for_text);
    RUN(keeps_repeated_ones_once);
    RUN(refuses_what_holds_no_certificate);
    RUN(refuses_bad_blocks);
    RUN(refuses_a_character_that_does_not_belong);
    RUN(refuses_wrong_padding);
    RUN(refuses_two_in_one_block);
    RUN(survives_pem_cut_at_each_byte);
    RUN(reads_der);
    RUN(refuses_der_cut_at_each_byte);
    RUN(refuses_lengths_that_are_not_der);
    RUN(refuses_what_follows_der);
    RUN(takes_certificates_up_to_the_largest);
    RUN(takes_a_large_one_in_pem);
    RUN(sorts_many_names);
    RUN(needs_no_more_memory_than_it_says);
    RUN(says_how_much_memory_is_enough);
    RUN(wants_its_arguments);
    RUN(hashes_equal_names_equally);
    RUN(hashes_other_names_otherwise);
    RUN(hashes_each_attribute);
    RUN(hashes_only_names);
    RUN(survives_names_cut_at_each_byte);
    run_lookups();
    return check_done();
}
