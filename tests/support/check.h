// A test program is one file:
//
//     #include "check.h"
//     static void parses_ipv6_literal(void)
//     {
//         CHECK(url_parse(&url, "https://[::1]/") == 0);
//         CHECK_STR(url.host, "::1");
//     }
//     int main(void)
//     {
//         RUN(parses_ipv6_literal);
//         return check_done();
//     }
//
// A CHECK that does not hold marks the test as failed and goes on; its REQUIRE form also returns from the
// function that it stands in (a void one). Each test prints one line on stdout, flushed at once, so that a
// crash can be told from its neighbour: "ok NAME", "not ok NAME: file:line what", or "skip NAME: why". What
// else was wrong in it goes to stderr.

#ifndef PICKET_TESTS_CHECK_H
#define PICKET_TESTS_CHECK_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct check_state {
    const char *name; // of the test that runs
    unsigned wrong;   // what did not hold in it
    unsigned failed;  // tests
    bool skipped;     // the test that runs has ended with SKIP
    char first[1000]; // what did not hold first
};

// One for all files of a program.
__attribute__((weak)) struct check_state check_its_state;

static inline struct check_state *check_state(void)
{
    return &check_its_state;
}

// Test output is one line a test, whatever the values hold.
static inline void check_print(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '\n')
            fputs("\\n", out);
        else if (c == '\r')
            fputs("\\r", out);
        else if (c < ' ' || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
}

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static inline void
check_wrong(const char *file, int line, const char *format, ...)
{
    struct check_state *const state = check_state();
    char text[sizeof state->first];
    const char *const slash = strrchr(file, '/');
    const int n = snprintf(text, sizeof text, "%s:%d ", slash != NULL ? slash + 1 : file, line);
    va_list args;

    va_start(args, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    if (state->wrong++ == 0)
        memcpy(state->first, text, sizeof text);
    fprintf(stderr, "# %s: ", state->name != NULL ? state->name : "(no test)");
    check_print(stderr, text);
    fputc('\n', stderr);
}

static inline bool check_true(const char *file, int line, const char *what, bool holds)
{
    if (!holds)
        check_wrong(file, line, "%s", what);
    return holds;
}

static inline bool check_int(const char *file, int line, const char *what, long long got, long long wanted)
{
    if (got != wanted)
        check_wrong(file, line, "%s: got %lld, wanted %lld", what, got, wanted);
    return got == wanted;
}

static inline bool check_str(const char *file, int line, const char *what, const char *got,
                             const char *wanted)
{
    if (got == NULL || wanted == NULL) {
        if (got != wanted)
            check_wrong(file, line, "%s: got %s%s%s, wanted %s%s%s", what, got ? "\"" : "",
                        got ? got : "NULL", got ? "\"" : "", wanted ? "\"" : "", wanted ? wanted : "NULL",
                        wanted ? "\"" : "");
        return got == wanted;
    }
    if (strcmp(got, wanted) == 0)
        return true;
    check_wrong(file, line, "%s: got \"%.400s\", wanted \"%.400s\"", what, got, wanted);
    return false;
}

static inline bool check_mem(const char *file, int line, const char *what, const void *got,
                             const void *wanted, size_t len)
{
    const unsigned char *const a = got;
    const unsigned char *const b = wanted;
    size_t i = 0;

    if (len == 0)
        return true;
    if (got == NULL || wanted == NULL) {
        check_wrong(file, line, "%s: %s is NULL", what, got == NULL ? "what was got" : "what was wanted");
        return false;
    }
    while (i < len && a[i] == b[i])
        i++;
    if (i == len)
        return true;
    check_wrong(file, line, "%s: byte %zu of %zu is 0x%02x, wanted 0x%02x", what, i, len, (unsigned)a[i],
                (unsigned)b[i]);
    return false;
}

static inline void check_run(const char *name, void (*test)(void))
{
    struct check_state *const state = check_state();

    state->name = name;
    state->wrong = 0;
    state->skipped = false;
    test();
    if (state->wrong > 0) {
        state->failed++;
        printf("not ok %s: ", name);
        check_print(stdout, state->first);
        if (state->wrong > 1)
            printf(" (and %u more)", state->wrong - 1);
        putchar('\n');
    } else if (!state->skipped) {
        printf("ok %s\n", name);
    }
    fflush(stdout);
    state->name = NULL;
}

static inline void check_skip(const char *why)
{
    struct check_state *const state = check_state();

    state->skipped = true;
    if (state->wrong == 0) {
        printf("skip %s: ", state->name);
        check_print(stdout, why);
        putchar('\n');
    }
}

static inline int check_done(void)
{
    return check_state()->failed > 0 ? 1 : 0;
}

#define RUN(test) check_run(#test, test)
#define SKIP(why)        \
    do {                 \
        check_skip(why); \
        return;          \
    } while (0)
#define FAIL(...)        check_wrong(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition) ((void)check_true(__FILE__, __LINE__, #condition, (condition) ? true : false))
#define CHECK_INT(got, wanted) \
    ((void)check_int(__FILE__, __LINE__, #got " == " #wanted, (long long)(got), (long long)(wanted)))
#define CHECK_STR(got, wanted) ((void)check_str(__FILE__, __LINE__, #got " == " #wanted, (got), (wanted)))
#define CHECK_MEM(got, wanted, len) \
    ((void)check_mem(__FILE__, __LINE__, #got " == " #wanted, (got), (wanted), (size_t)(len)))

#define REQUIRE(condition)                                                           \
    do {                                                                             \
        if (!check_true(__FILE__, __LINE__, #condition, (condition) ? true : false)) \
            return;                                                                  \
    } while (0)
#define REQUIRE_INT(got, wanted)                                                                        \
    do {                                                                                                \
        if (!check_int(__FILE__, __LINE__, #got " == " #wanted, (long long)(got), (long long)(wanted))) \
            return;                                                                                     \
    } while (0)
#define REQUIRE_STR(got, wanted)                                                  \
    do {                                                                          \
        if (!check_str(__FILE__, __LINE__, #got " == " #wanted, (got), (wanted))) \
            return;                                                               \
    } while (0)
#define REQUIRE_MEM(got, wanted, len)                                                            \
    do {                                                                                         \
        if (!check_mem(__FILE__, __LINE__, #got " == " #wanted, (got), (wanted), (size_t)(len))) \
            return;                                                                              \
    } while (0)

#endif
