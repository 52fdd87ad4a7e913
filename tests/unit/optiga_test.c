// The driver of the OPTIGA Trust M against a simulated chip: what it gives is right or an error, in time, whatever
// happens on the wire.
#include <stdlib.h>

#include "check.h"
#include "optiga_chip.h"
#include "picket/picket.h"
#include "picket_optiga_use.h"
#include "script_port.h"

static picket_optiga_t optiga;
static const chip_faults_t none = {.seed = 1};

// Milliseconds that picket_optiga.h states, and what a last transfer may take.
enum { OPEN_MS = 600, RANDOM_MS = 250, SIGN_MS = 13000, SLACK_MS = 40 };

static uint64_t began;

static void begin(void)
{
    began = chip_us();
}

static void check_within(unsigned ms)
{
    uint64_t took = (chip_us() - began) / 1000;
    if (took > ms + SLACK_MS)
        FAIL("it took %u ms, not %u", (unsigned)took, ms);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static int open_it(const chip_faults_t *faults)
{
    chip_reset(faults);
    begin();
    int result = picket_optiga_open(&optiga, chip_bus());
    check_within(OPEN_MS);
    return result;
}

// Right bytes or an error, in time.
static int get_random(size_t len)
{
    uint8_t *bytes = malloc(len); // exactly, so that a byte too far is noticed
    memset(bytes, 0xa5, len);
    begin();
    int result = picket_optiga_random(&optiga, bytes, len);
    check_within(RANDOM_MS * (unsigned)((len + 47) / 48));
    for (size_t at = 0; at < len && result == 0; at += 48)
        CHECK(chip_gave(bytes + at, len - at < 48 ? len - at : 48));
    CHECK(result == 0 || (result < 0 && is_zero(bytes, len)));
    free(bytes);
    return result;
}

static int sign(uint16_t key, uint8_t first)
{
    uint8_t digest[32] = {first}, signature[64], wanted[64];
    memset(signature, 0xa5, sizeof signature);
    for (uint8_t i = 1; i < 32; i++)
        digest[i] = (uint8_t)(i * 7 + first);
    begin();
    int result = picket_optiga_sign(&optiga, key, digest, sizeof digest, signature);
    check_within(SIGN_MS);
    chip_signature(key, digest, wanted);
    CHECK(result == 0 ? memcmp(signature, wanted, 64) == 0 : is_zero(signature, 64));
    return result;
}

// --- When all is well

static void gives_random_bytes(void)
{
    for (int separately = 0; separately < 2; separately++) {
        CHECK_INT(open_it(&none), 0);
        chip.separately = separately != 0;
        for (size_t len = 1; len <= 150; len++)
            CHECK_INT(get_random(len), 0);
        CHECK_INT(chip_done(0x70), 1);
        picket_optiga_close(&optiga);
        CHECK_INT(chip_done(0x71), 1);
        CHECK(is_zero((const uint8_t *)&optiga, sizeof optiga));
        CHECK_INT(get_random(8), PICKET_OPTIGA_ERR_ARG);
    }
}

// Commands and answers in pieces, at every length of frames that a chip may ask for.
static void chains_at_every_frame_length(void)
{
    for (uint16_t max = 16; max <= 80; max++) {
        chip_reset(&none);
        chip.frame_max = max;
        chip.separately = max % 2 != 0;
        CHECK_INT(picket_optiga_open(&optiga, chip_bus()), 0);
        for (size_t len = 1; len <= 49; len += 6)
            CHECK_INT(get_random(len), 0);
        CHECK_INT(sign(PICKET_OPTIGA_KEY_0, 3), 0);
    }
    for (uint16_t max = 0; max < 16; max++) {
        chip_reset(&none);
        chip.frame_max = max;
        CHECK_INT(picket_optiga_open(&optiga, chip_bus()), PICKET_OPTIGA_ERR_PROTOCOL);
    }
}

static void signs(void)
{
    CHECK_INT(open_it(&none), 0);
    for (unsigned first = 0; first < 256; first++)
        CHECK_INT(sign((uint16_t)(PICKET_OPTIGA_KEY_0 + first % 4), (uint8_t)first), 0);
    uint8_t digest[48] = {9}, longer[64], shorter[64];
    CHECK_INT(picket_optiga_sign(&optiga, PICKET_OPTIGA_KEY_1, digest, 48, longer), 0);
    CHECK_INT(picket_optiga_sign(&optiga, PICKET_OPTIGA_KEY_1, digest, 32, shorter), 0);
    CHECK(memcmp(longer, shorter, 64) == 0);
}

static void wants_its_arguments(void)
{
    uint8_t digest[32] = {0}, signature[64];
    picket_i2c_t bus = *chip_bus();
    bus.read = NULL;
    CHECK_INT(open_it(&none), 0);
    CHECK_INT(picket_optiga_open(NULL, chip_bus()), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_open(&optiga, NULL), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_open(&optiga, &bus), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_random(&optiga, NULL, 1), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_random(&optiga, digest, 0), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_sign(&optiga, 0xe0ef, digest, 32, signature), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_sign(&optiga, 0xe0f4, digest, 32, signature), PICKET_OPTIGA_ERR_ARG);
    CHECK_INT(picket_optiga_sign(&optiga, 0xe0f0, digest, 31, signature), PICKET_OPTIGA_ERR_ARG);
    CHECK_STR(picket_optiga_strerror(PICKET_OPTIGA_ERR_ABSENT),
              "nothing answers at the chip's address: look at wiring, power and reset");
    CHECK_STR(picket_optiga_strerror(0), "ok");
    CHECK_STR(picket_optiga_strerror(-99), "unknown error");
}

// --- When it is not

static void says_that_nothing_is_there(void)
{
    chip_reset(&none);
    chip.absent = true;
    begin();
    CHECK_INT(picket_optiga_open(&optiga, chip_bus()), PICKET_OPTIGA_ERR_ABSENT);
    check_within(OPEN_MS);
    chip.absent = false;
    CHECK_INT(get_random(20), 0); // it has been plugged in
    chip.absent = true;
    CHECK_INT(get_random(20), PICKET_OPTIGA_ERR_ABSENT);
    chip.absent = false;
    CHECK_INT(get_random(20), 0);
}

static void says_that_the_bus_does_not_work(void)
{
    chip_reset(&none);
    chip.stuck = true;
    begin();
    CHECK_INT(picket_optiga_open(&optiga, chip_bus()), PICKET_OPTIGA_ERR_BUS);
    check_within(OPEN_MS);
}

static void waits_no_longer_than_it_says(void)
{
    CHECK_INT(open_it(&none), 0);
    chip.busy_for_ever = true;
    CHECK_INT(get_random(48), PICKET_OPTIGA_ERR_SILENT);
    CHECK_INT(sign(PICKET_OPTIGA_KEY_0, 1), PICKET_OPTIGA_ERR_SILENT);
    chip.busy_for_ever = false;
    CHECK_INT(get_random(48), 0);
    chip_reset(&none);
    chip.busy_for_ever = true;
    begin();
    CHECK_INT(picket_optiga_open(&optiga, chip_bus()), PICKET_OPTIGA_ERR_SILENT);
    check_within(OPEN_MS);
}

static void ends_though_the_clock_stands_still(void)
{
    CHECK_INT(open_it(&none), 0);
    chip.clock_stands = true;
    CHECK_INT(get_random(48), 0);
    chip.busy_for_ever = true;
    uint8_t bytes[48];
    CHECK(picket_optiga_random(&optiga, bytes, sizeof bytes) < 0);
    chip.absent = true;
    CHECK(picket_optiga_random(&optiga, bytes, sizeof bytes) < 0);
    CHECK(picket_optiga_open(&optiga, chip_bus()) < 0);
}

static void says_why_it_was_refused(void)
{
    CHECK_INT(open_it(&none), 0);
    chip.refuse = 7;
    CHECK_INT(sign(PICKET_OPTIGA_KEY_2, 1), PICKET_OPTIGA_ERR_REFUSED);
    CHECK_INT(picket_optiga_refusal(&optiga), 7);
    CHECK_STR(picket_optiga_refusal_name(7), "access conditions not satisfied");
    CHECK_STR(picket_optiga_refusal_name(0xee), "another error code");
    chip.refuse = 0;
    CHECK_INT(sign(PICKET_OPTIGA_KEY_2, 1), 0);
    CHECK_INT(picket_optiga_refusal(&optiga), 0);
}

static void takes_no_answer_that_cannot_be(void)
{
    static const uint16_t lengths[] = {1, 7, 47, 49, 100, 250};
    CHECK_INT(open_it(&none), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        chip.answer_len = lengths[i];
        CHECK_INT(get_random(48), PICKET_OPTIGA_ERR_PROTOCOL);
        chip.answer_len = 0;
        chip.claim_len = lengths[i];
        CHECK(get_random(48) < 0);
        chip.claim_len = 0;
        CHECK_INT(get_random(48), 0);
    }
    chip.strange = 0x42;
    CHECK_INT(get_random(48), PICKET_OPTIGA_ERR_PROTOCOL);
    chip.strange = 0;
    chip.claim_len = 0xffff;
    CHECK_INT(get_random(48), PICKET_OPTIGA_ERR_PROTOCOL);
}

// The length in the state register has no checksum.
static void believes_no_length_of_the_state_register(void)
{
    static const uint16_t lengths[] = {1, 4, 65, 278, 0x7fff, 0xffff};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CHECK_INT(open_it(&none), 0);
        chip.frames_claimed = lengths[i];
        CHECK(get_random(48) < 0);
        chip.frames_claimed = 0;
        CHECK_INT(get_random(48), 0);
    }
}

static void goes_on_after_a_reset_of_the_chip(void)
{
    chip_faults_t faults = {.seed = 5, .reset = 20};
    unsigned good = 0;
    if (open_it(&faults) == 0)
        for (int i = 0; i < 200; i++)
            good += get_random(48) == 0;
    CHECK(good > 150);
}

// Each kind of fault alone, rare enough to be mended by repetition.
static void mends(const char *what, chip_faults_t faults, unsigned wanted)
{
    unsigned good = 0;
    for (uint32_t seed = 1; seed <= 40; seed++) {
        faults.seed = seed;
        if (open_it(&faults) != 0)
            continue;
        chip.separately = seed % 2 != 0;
        for (int i = 0; i < 10; i++)
            good += get_random(1 + (size_t)(seed * 7 + (uint32_t)i) % 60) == 0;
    }
    if (good < wanted)
        FAIL("%s: %u of 400 are good, not %u", what, good, wanted);
}

static void mends_what_repetition_can_mend(void)
{
    mends("damaged frames", (chip_faults_t){.flip = 50}, 400);
    mends("lost frames", (chip_faults_t){.lose = 50}, 396);
    mends("repeated frames", (chip_faults_t){.twice = 100}, 400);
    mends("transfers that are not acknowledged", (chip_faults_t){.nack = 100}, 400);
    mends("disturbed transfers", (chip_faults_t){.bus = 50}, 400);
    mends("a state that is read wrong", (chip_faults_t){.state = 50}, 396);
    mends("a chip that counts anew", (chip_faults_t){.resync = 50}, 390);
    mends("a slow chip", (chip_faults_t){.busy_us = 60000}, 400);
}

// All kinds at once, at any rate: each call ends in time, and what it gives is right.
static void is_right_or_says_so(void)
{
    unsigned good = 0, bad = 0;
    for (uint32_t seed = 1; seed <= 3000; seed++) {
        uint16_t rate = (uint16_t)(seed % 60);
        chip_faults_t faults = {seed, rate,  rate, rate, rate, rate, rate, (uint16_t)(rate / 4),
                                rate, 20000, rate};
        int result = open_it(&faults);
        chip.separately = seed % 3 == 0;
        chip.frame_max = (uint16_t)(16 + seed % 70);
        for (uint32_t i = 0; i < 4; i++) {
            int random = get_random(1 + (seed * 13 + i * 29) % 100);
            good += random == 0;
            bad += random != 0;
            (void)sign((uint16_t)(PICKET_OPTIGA_KEY_0 + i), (uint8_t)seed);
        }
        if (result == 0)
            picket_optiga_close(&optiga);
    }
    CHECK(good > 1000 && bad > 100); // both were seen
}

// --- What Picket does with it

static picket_t client;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_entropy_source_t source;

// With the chip as the only source.
static int init(void)
{
    static const picket_entropy_source_t *const none_else[] = {NULL};
    static const picket_entropy_source_t *const sources[] = {&source, NULL};
    static picket_port_t port;
    script_reset();
    port = *script_port();
    port.entropy = none_else;
    picket_optiga_source(&source, &optiga);
    return picket_init(
        &client,
        &(picket_config_t){.port = &port, .entropy = sources, .arena = arena, .arena_len = sizeof arena});
}

static void check_source(enum picket_entropy_state state)
{
    picket_entropy_status_t status;
    REQUIRE(picket_entropy(0, &status));
    CHECK_STR(status.name, "OPTIGA Trust M");
    CHECK_INT(status.state, state);
}

static void seeds_the_generator(void)
{
    CHECK_INT(open_it(&none), 0);
    CHECK_INT(init(), 0);
    check_source(PICKET_ENTROPY_OK);
    CHECK_INT(chip_done(0x0c), 6);
    CHECK(chip_us() < 200000);
    picket_deinit(&client);
}

static void is_missing_when_it_is_not_there(void)
{
    chip_reset(&none);
    chip.absent = true;
    CHECK_INT(picket_optiga_open(&optiga, chip_bus()), PICKET_OPTIGA_ERR_ABSENT);
    CHECK_INT(init(), PICKET_ERR_NO_ENTROPY);
    check_source(PICKET_ENTROPY_MISSING);
}

static void is_a_failure_when_it_fails_later(void)
{
    CHECK_INT(open_it(&none), 0);
    chip.busy_for_ever = true;
    CHECK_INT(init(), PICKET_ERR_NO_ENTROPY);
    check_source(PICKET_ENTROPY_DEAD);
}

static void signs_for_the_client(void)
{
    picket_optiga_key_t key = {&optiga, PICKET_OPTIGA_KEY_1};
    uint8_t digest[32] = {7}, signature[64], wanted[64];
    size_t len = 0;
    CHECK_INT(open_it(&none), 0);
    CHECK_INT(picket_optiga_identity_sign(&key, digest, 32, signature, 64, &len), 0);
    chip_signature(PICKET_OPTIGA_KEY_1, digest, wanted);
    CHECK_INT(len, 64);
    CHECK(memcmp(signature, wanted, 64) == 0);
    CHECK(picket_optiga_identity_sign(&key, digest, 32, signature, 63, &len) != 0);
    CHECK(picket_optiga_identity_sign(&key, digest, 20, signature, 64, &len) != 0);
}

int main(void)
{
    RUN(gives_random_bytes);
    RUN(chains_at_every_frame_length);
    RUN(signs);
    RUN(wants_its_arguments);
    RUN(says_that_nothing_is_there);
    RUN(says_that_the_bus_does_not_work);
    RUN(waits_no_longer_than_it_says);
    RUN(ends_though_the_clock_stands_still);
    RUN(says_why_it_was_refused);
    RUN(takes_no_answer_that_cannot_be);
    RUN(believes_no_length_of_the_state_register);
    RUN(goes_on_after_a_reset_of_the_chip);
    RUN(mends_what_repetition_can_mend);
    RUN(is_right_or_says_so);
    RUN(seeds_the_generator);
    RUN(is_missing_when_it_is_not_there);
    RUN(is_a_failure_when_it_fails_later);
    RUN(signs_for_the_client);
    return check_done();
}
