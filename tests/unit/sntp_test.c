// Replies of time servers: which one is believed, and what is wrong with the others.
#include "sntp.h"

#include "check.h"

#define FLOOR INT64_C(1795392000) // 2026-11-23

static const uint8_t stamp[SNTP_STAMP] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint8_t reply[SNTP_LEN + 20];
static int64_t unix_ms;
static const char *why;

static void put(unsigned at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        reply[at + (unsigned)i] = (uint8_t)(number >> (24 - 8 * i));
}

// A reply as it should be, of 2026-11-24 00:00:00.5.
static void make_reply(void)
{
    memset(reply, 0, sizeof reply);
    reply[0] = 4 << 3 | 4;
    reply[1] = 2;
    put(4, 0x00001000);
    put(8, 0x00000800);
    memcpy(reply + 24, stamp, sizeof stamp);
    put(32, (uint32_t)(FLOOR + 86400 + INT64_C(2208988800)));
    put(40, (uint32_t)(FLOOR + 86400 + INT64_C(2208988800)));
    put(44, 0x80000000);
}

static enum sntp_verdict judge(size_t len)
{
    why = NULL;
    unix_ms = -1;
    return sntp_judge(reply, len, stamp, FLOOR, &unix_ms, &why);
}

static void a_query_is_what_the_rfc_says(void)
{
    uint8_t query[SNTP_LEN];
    sntp_query(query, stamp);
    CHECK_INT(query[0], 0x23); // no leap, version 4, client
    for (size_t i = 1; i < 40; i++)
        CHECK_INT(query[i], 0);
    CHECK(memcmp(query + 40, stamp, sizeof stamp) == 0);
}

static void a_good_reply_is_believed(void)
{
    make_reply();
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    CHECK(unix_ms == (FLOOR + 86400) * 1000 + 500);
    CHECK_INT(judge(sizeof reply), SNTP_TRUE); // extensions and a key may follow
    reply[0] = 3 << 3 | 4;
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    reply[0] = 1 << 6 | 4 << 3 | 4; // a leap second is announced
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    reply[1] = 15;
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
}

static void what_is_cut_is_no_answer(void)
{
    make_reply();
    for (size_t len = 0; len < SNTP_LEN; len++)
        CHECK_INT(judge(len), SNTP_NOT_OURS);
}

static void every_bit_of_the_stamp_counts(void)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        make_reply();
        reply[24 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK_INT(judge(SNTP_LEN), SNTP_NOT_OURS);
    }
    make_reply();
    memset(reply + 24, 0, 8);
    CHECK_INT(judge(SNTP_LEN), SNTP_NOT_OURS);
}

static void other_modes_are_no_answers(void)
{
    for (unsigned mode = 0; mode < 8; mode++) {
        make_reply();
        reply[0] = (uint8_t)(4 << 3 | mode);
        CHECK_INT(judge(SNTP_LEN), mode == 4 ? SNTP_TRUE : SNTP_NOT_OURS);
    }
}

static void wrong(const char *words)
{
    CHECK_INT(judge(SNTP_LEN), SNTP_WRONG);
    CHECK(why != NULL && strstr(why, words) != NULL);
    CHECK(unix_ms == -1);
}

static void what_is_wrong_is_named(void)
{
    for (unsigned version = 0; version < 8; version++) {
        make_reply();
        reply[0] = (uint8_t)(version << 3 | 4);
        if (version != 3 && version != 4)
            wrong("version");
    }
    make_reply();
    reply[0] = 3 << 6 | 4 << 3 | 4;
    wrong("not set");
    for (unsigned stratum = 16; stratum < 256; stratum++) {
        make_reply();
        reply[1] = (uint8_t)stratum;
        wrong("reference");
    }
    make_reply();
    put(40, 0);
    put(44, 0);
    wrong("no time");
    make_reply();
    put(32, 0);
    wrong("no time");
}

static enum sntp_verdict judge_kiss(const char code[4])
{
    make_reply();
    reply[0] |= 3 << 6;
    reply[1] = 0;
    memcpy(reply + 12, code, 4);
    return judge(SNTP_LEN);
}

static void a_kiss_is_told_from_the_rest(void)
{
    static const char *const codes[] = {"DENY", "RSTR", "NKEY", "TEST"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK_INT(judge_kiss(codes[i]), SNTP_KISS);
        CHECK_STR(why, SNTP_KISSED);
    }
    CHECK_INT(judge_kiss("RATE"), SNTP_RATE);
    CHECK(strstr(why, "too often") != NULL);
}

// What a server says that has just been started.
static void a_server_without_the_time_kisses_nobody(void)
{
    static const char *const codes[] = {"\0\0\0", "INIT", "STEP"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK_INT(judge_kiss(codes[i]), SNTP_WRONG);
        CHECK(strstr(why, "not set") != NULL);
    }
}

// 1.5 seconds of half the delay and the dispersion together.
static void a_server_far_from_true_time_is_refused(void)
{
    static const struct {
        uint32_t delay, dispersion;
        bool good;
    } cases[] = {
        {0, 0, true},
        {0x00030000, 0, true}, // 3 s there and back
        {0x00030100, 0, false},
        {0, 0x00018000, true}, // 1.5 s
        {0, 0x00018100, false},
        {0x00020000, 0x00008000, true}, // 1 s + 0.5 s
        {0x00020000, 0x00008100, false},
        {0x80000000, 0, false}, // a negative delay
        {0xffffffff, 0, false},
        {0xffffffff, 0xffffffff, false}, // whose sum would wrap
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_reply();
        put(4, cases[i].delay);
        put(8, cases[i].dispersion);
        CHECK_INT(judge(SNTP_LEN), cases[i].good ? SNTP_TRUE : SNTP_WRONG);
    }
}

// The seconds begin anew on 2036-02-07 06:28:16.
static void the_next_era_is_told_by_the_floor(void)
{
    make_reply();
    put(40, 0);
    put(44, 1); // the first moment of it
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    CHECK(unix_ms == INT64_C(2085978496) * 1000);
    put(40, 0xffffffff);
    put(44, 0xffffffff);
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    CHECK(unix_ms == INT64_C(2085978495) * 1000 + 999);
    put(40, (uint32_t)(FLOOR - 1 + INT64_C(2208988800))); // just before the floor: 136 years later
    CHECK_INT(judge(SNTP_LEN), SNTP_TRUE);
    CHECK(unix_ms / 1000 == FLOOR - 1 + (INT64_C(1) << 32));
}

int main(void)
{
    RUN(a_query_is_what_the_rfc_says);
    RUN(a_good_reply_is_believed);
    RUN(what_is_cut_is_no_answer);
    RUN(every_bit_of_the_stamp_counts);
    RUN(other_modes_are_no_answers);
    RUN(what_is_wrong_is_named);
    RUN(a_kiss_is_told_from_the_rest);
    RUN(a_server_without_the_time_kisses_nobody);
    RUN(a_server_far_from_true_time_is_refused);
    RUN(the_next_era_is_told_by_the_floor);
    return check_done();
}
