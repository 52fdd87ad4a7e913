// References: every example of RFC 3986 section 5.4, and what they may not do to memory.
#include <stdlib.h>

#include "check.h"
#include "picket/error.h"
#include "url.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct example {
    const char *reference;
    const char *result;
};

// With the base http://a/b/c/d;p?q, in the order of the RFC.
static const struct example examples[] = {
    // 5.4.1
    {"g:h", "g:h"},
    {"g", "http://a/b/c/g"},
    {"./g", "http://a/b/c/g"},
    {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"},
    {"//g", "http://g"},
    {"?y", "http://a/b/c/d;p?y"},
    {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q#s"},
    {"g#s", "http://a/b/c/g#s"},
    {"g?y#s", "http://a/b/c/g?y#s"},
    {";x", "http://a/b/c/;x"},
    {"g;x", "http://a/b/c/g;x"},
    {"g;x?y#s", "http://a/b/c/g;x?y#s"},
    {"", "http://a/b/c/d;p?q"},
    {".", "http://a/b/c/"},
    {"./", "http://a/b/c/"},
    {"..", "http://a/b/"},
    {"../", "http://a/b/"},
    {"../g", "http://a/b/g"},
    {"../..", "http://a/"},
    {"../../", "http://a/"},
    {"../../g", "http://a/g"},
    // 5.4.2
    {"../../../g", "http://a/g"},
    {"../../../../g", "http://a/g"},
    {"/./g", "http://a/g"},
    {"/../g", "http://a/g"},
    {"g.", "http://a/b/c/g."},
    {".g", "http://a/b/c/.g"},
    {"g..", "http://a/b/c/g.."},
    {"..g", "http://a/b/c/..g"},
    {"./../g", "http://a/b/g"},
    {"./g/.", "http://a/b/c/g/"},
    {"g/./h", "http://a/b/c/g/h"},
    {"g/../h", "http://a/b/c/h"},
    {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
    {"g;x=1/../y", "http://a/b/c/y"},
    {"g?y/./x", "http://a/b/c/g?y/./x"},
    {"g?y/../x", "http://a/b/c/g?y/../x"},
    {"g#s/./x", "http://a/b/c/g#s/./x"},
    {"g#s/../x", "http://a/b/c/g#s/../x"},
    {"http:g", "http:g"},
};

static const struct {
    const char *base, *reference, *result;
} others[] = {
    {"http://a", "g", "http://a/g"},
    {"http://a", "?y", "http://a?y"},
    {"http://a?q", "", "http://a?q"},
    {"http://a?q", "../g", "http://a/g"},
    {"http://a/b?q#f", "#g", "http://a/b?q#g"},
    {"http://a/b?q#f", "", "http://a/b?q"},
    {"http://a/b/", "g", "http://a/b/g"},
    {"http://a/b/c", "//g/./h/../i?x", "http://g/i?x"},
    {"http://a/b", "https://c/d/../e", "https://c/e"},
    {"http://a/b", "HTTP://c", "HTTP://c"},
    {"http://a/b", "//c?d/..", "http://c?d/.."},
    {"http://a/b", "/.", "http://a/"},
    {"http://a/b", "/..", "http://a/"},
    {"http://a/b/c", "/d/..", "http://a/"},
    {"http://a/b/c/d", "....", "http://a/b/c/...."},
    {"http://a/b/c/d", "./.../", "http://a/b/c/.../"},
    {"http://a/b//c", "..", "http://a/b/"},
    {"http://a/b?x/y/z", "g", "http://a/g"},
    {"http://a/b/c", "1:2", "http://a/b/1:2"}, // no scheme begins with a digit
    {"http://a/b/c", "./x:y", "http://a/b/x:y"},
    {"mailto:x", "y", "mailto:y"},
    {"x:a/b/c", "../../../d", "x:/d"},
};

// In memory that just suffices, and in less.
static void check_one(const char *base, const char *reference, const char *result)
{
    size_t needed = strlen(result) + 1, enough = strlen(base) + strlen(reference) + 2;
    char *exact = malloc(enough);
    REQUIRE(exact != NULL);
    CHECK_INT(url_resolve(base, reference, exact, enough), 0);
    if (strcmp(exact, result) != 0)
        FAIL("%s at %s: %s, wanted %s", reference, base, exact, result);
    free(exact);
    for (size_t room = 0; room <= needed; room++) {
        char *small = malloc(room + 1); // malloc(0) may be NULL
        REQUIRE(small != NULL);
        small[room] = 'x';
        int error = url_resolve(base, reference, small, room);
        CHECK(error == 0 || error == PICKET_ERR_URL);
        CHECK(error != 0 || strcmp(small, result) == 0);
        CHECK_INT(small[room], 'x');
        free(small);
    }
}

static void resolves_all_examples_of_rfc_3986(void)
{
    for (size_t i = 0; i < COUNT(examples); i++)
        check_one("http://a/b/c/d;p?q", examples[i].reference, examples[i].result);
}

static void resolves_others(void)
{
    for (size_t i = 0; i < COUNT(others); i++)
        check_one(others[i].base, others[i].reference, others[i].result);
}

static void needs_a_base_with_a_scheme(void)
{
    char out[20];
    CHECK_INT(url_resolve("a/b", "g", out, sizeof out), PICKET_ERR_URL);
    CHECK_INT(url_resolve("", "g", out, sizeof out), PICKET_ERR_URL);
    CHECK_INT(url_resolve("//a", "http://b", out, sizeof out), PICKET_ERR_URL);
}

// Whatever the reference: the result has its place, no dot segment in its path, and resolved again it is the same.
static void resolves_anything(void)
{
    static const char letters[] = "./.:?#ag/..%@[";
    uint32_t state = 1;
    for (int i = 0; i < 200000; i++) {
        char reference[12], out[64], again[128];
        size_t len = 0;
        do {
            state = state * 1664525u + 1013904223u;
            reference[len++] = letters[(state >> 16) % (sizeof letters - 1)];
        } while (len < 11 && (state >> 8) % 8 != 0);
        reference[len] = '\0';
        if (url_resolve("http://a/b/c/d;p?q", reference, out, sizeof out) != 0 ||
            url_resolve("http://a/b/c/d;p?q", out, again, sizeof again) != 0 || strcmp(out, again) != 0)
            FAIL("%s: %s, then %s", reference, out, again);
    }
}

int main(void)
{
    RUN(resolves_all_examples_of_rfc_3986);
    RUN(resolves_others);
    RUN(needs_a_base_with_a_scheme);
    RUN(resolves_anything);
    return check_done();
}
