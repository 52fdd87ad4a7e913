// The table of errors: every entry has its own name, value and sentence.
#include "picket/error.h"

#include <limits.h>

#include "check.h"
#include "picket/picket.h"

struct entry {
    const char *name;
    int value;
    const char *sentence;
};

static const struct entry entries[] = {
#define ENTRY(name, value, sentence) {#name, value, sentence},
    PICKET_ERROR_LIST(ENTRY)
#undef ENTRY
};

#define ENTRIES (sizeof entries / sizeof entries[0])

static void each_is_found(void)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        CHECK_STR(picket_error_name(entries[i].value), entries[i].name);
        CHECK_STR(picket_strerror(entries[i].value), entries[i].sentence);
    }
}

static void each_is_different(void)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(entries[i].value != entries[j].value);
            CHECK(strcmp(entries[i].name, entries[j].name) != 0);
            CHECK(strcmp(entries[i].sentence, entries[j].sentence) != 0);
        }
    }
}

// A sentence stands after "picket: " on one line of a terminal.
static void each_is_fit_to_print(void)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        size_t n = strlen(entries[i].sentence);
        CHECK(entries[i].value < 0);
        CHECK(n > 10 && n < 100);
        CHECK(entries[i].sentence[n - 1] != '.' && entries[i].sentence[n - 1] != ' ');
        CHECK(strpbrk(entries[i].sentence, "\r\n\t") == NULL);
        CHECK(strncmp(entries[i].name, "PICKET_", 7) == 0);
    }
}

static void success_has_a_name(void)
{
    CHECK_STR(picket_strerror(0), "ok");
    CHECK_STR(picket_strerror(512), "ok");
    CHECK_STR(picket_strerror(INT_MAX), "ok");
    CHECK_STR(picket_error_name(0), "PICKET_OK");
    CHECK_STR(picket_error_name(INT_MAX), "PICKET_OK");
}

static void unknown_numbers_are_called_so(void)
{
    static const int unknown[] = {INT_MIN, -10000, -1000, -99, -26, -29};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        CHECK_STR(picket_strerror(unknown[i]), "unknown error");
        CHECK_STR(picket_error_name(unknown[i]), "unknown");
    }
}

// Values may be in somebody's log: these never change.
static void values_are_stable(void)
{
    CHECK_INT(PICKET_AGAIN, -1);
    CHECK_INT(PICKET_ERR_NO_MEMORY, -6);
    CHECK_INT(PICKET_ERR_NO_TIME, -20);
    CHECK_INT(PICKET_ERR_NO_ADDRESS, -30);
    CHECK_INT(PICKET_ERR_UNKNOWN_ISSUER, -50);
    CHECK_INT(PICKET_ERR_EXPIRED, -52);
    CHECK_INT(PICKET_ERR_ALERT, -60);
    CHECK_INT(PICKET_ERR_BODY_CUT, -72);
}

static void phases_have_names(void)
{
    for (int i = 0; i < PICKET_PHASES; i++) {
        const char *name = picket_phase_name((enum picket_phase)i);
        REQUIRE(name != NULL && name[0] != '\0');
        CHECK(strcmp(name, "unknown phase") != 0);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(name, picket_phase_name((enum picket_phase)j)) != 0);
    }
    CHECK_STR(picket_phase_name(PICKET_PHASE_HANDSHAKE), "TLS handshake");
    CHECK_STR(picket_phase_name(PICKET_PHASES), "unknown phase");
}

int main(void)
{
    RUN(each_is_found);
    RUN(each_is_different);
    RUN(each_is_fit_to_print);
    RUN(success_has_a_name);
    RUN(unknown_numbers_are_called_so);
    RUN(values_are_stable);
    RUN(phases_have_names);
    return check_done();
}
