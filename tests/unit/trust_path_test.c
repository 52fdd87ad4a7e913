// Which of the certificates that a server sent are kept, and in which order; and the certificates that are made of
// anchors that are a name and a key. No signature is made or checked here, so certificates are but names and dates.
#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "clock.h"
#include "entropy.h"
#include "script_port.h"
#include "trust.h"
#include "trust_der.h"

#define MOST     48

// --- Certificates and stores

// CN=<letter>: a name of one letter.
#define NAME_LEN 14
#define KEY_LEN  91

// Of P-256.
static const uint8_t key[KEY_LEN] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04, 0x15, 0x81, 0x54, 0x85, 0xb9,
    0x72, 0xba, 0xda, 0x30, 0x42, 0x5a, 0x8b, 0x16, 0x1f, 0xf0, 0xf6, 0xe4, 0x72, 0xf3, 0x8c, 0xac,
    0x75, 0x1d, 0xed, 0x93, 0x44, 0x88, 0xbd, 0xa2, 0x92, 0xb9, 0x54, 0xda, 0xca, 0x1d, 0x4d, 0x7c,
    0x86, 0x1e, 0x78, 0x30, 0x98, 0xe5, 0x0b, 0x03, 0xd0, 0x33, 0x09, 0xa8, 0xd3, 0xf4, 0x39, 0x97,
    0xd0, 0x4a, 0x69, 0x30, 0x53, 0x63, 0x16, 0xa8, 0x9f, 0xcd, 0xf1};

static uint8_t names[128][NAME_LEN];
static uint8_t lines[4][NAME_LEN + KEY_LEN];
static picket_anchor_t anchors[4];
static picket_trust_t store;
static trust_search_t search;

static _Alignas(8) uint8_t arena[PICKET_STACK_SIZE + 64 * 1024];

static int64_t now(void)
{
    return clock_unix_ms() / 1000;
}

static void make_name(uint8_t letter)
{
    static const uint8_t name[NAME_LEN] = {0x30, 12, 0x31, 10, 0x30, 8, 0x06, 3, 0x55, 4, 3, 0x0c, 1};
    memcpy(names[letter], name, NAME_LEN);
    names[letter][NAME_LEN - 1] = letter;
}

static void sort(void)
{
    for (size_t i = 1; i < store.count; i++)
        for (size_t j = i; j > 0 && anchors[j].subject_hash < anchors[j - 1].subject_hash; j--) {
            picket_anchor_t other = anchors[j];
            anchors[j] = anchors[j - 1];
            anchors[j - 1] = other;
        }
}

static void add_anchor(char letter, int64_t from, int64_t to, int64_t distrust)
{
    uint8_t *line = lines[store.count];
    memcpy(line, names[(uint8_t)letter], NAME_LEN);
    memcpy(line + NAME_LEN, key, KEY_LEN);
    anchors[store.count++] = (picket_anchor_t){.der = line,
                                               .der_len = NAME_LEN + KEY_LEN,
                                               .name_len = NAME_LEN,
                                               .subject_hash = picket_trust_hash(line, NAME_LEN),
                                               .not_before = (uint32_t)from,
                                               .not_after = (uint32_t)to,
                                               .distrust_after = (uint32_t)distrust};
    store.anchors = anchors;
    sort();
}

static void trust_letter(char letter)
{
    add_anchor(letter, now() - 1000, now() + 1000, 0);
}

static mbedtls_x509_time date(int64_t unix_s)
{
    mbedtls_x509_time t;
    clock_civil(unix_s, &t.year, &t.mon, &t.day, &t.hour, &t.min, &t.sec);
    return t;
}

static mbedtls_x509_buf name_of(char letter)
{
    return (mbedtls_x509_buf){.p = names[(uint8_t)letter], .len = NAME_LEN};
}

// One of the certificates that a server sent: "ab" is a's, issued by b; a capital letter behind it: E has expired, F is
// of the future; "1" is the second of its kind. Digits behind ':' are key identifiers: own, issuer's.
typedef struct sent {
    const char *text;
    mbedtls_x509_crt *crt;
} sent_t;

static void set_key_id(mbedtls_x509_buf *buf, const char *digit)
{
    if (*digit != '-')
        *buf = (mbedtls_x509_buf){.p = (unsigned char *)(uintptr_t)digit, .len = 1};
}

static mbedtls_x509_crt *make_sent(const char *text)
{
    mbedtls_x509_crt *crt = picket_arena_calloc(1, sizeof *crt);
    const char *ids = strchr(text, ':');
    if (crt == NULL)
        return NULL;
    mbedtls_x509_crt_init(crt);
    crt->subject_raw = name_of(text[0]);
    crt->issuer_raw = name_of(text[1]);
    crt->valid_from = date(now() + (text[2] == 'F' ? 500 : -500));
    crt->valid_to = date(now() + (text[2] == 'E' ? -100 : 1000));
    if (ids != NULL) {
        set_key_id(&crt->subject_key_id, ids + 1);
        set_key_id(&crt->authority_key_id.keyIdentifier, ids + 2);
    }
    return crt;
}

// "s> ab bc": the list as it was sent.
static size_t make_list(const char *text, sent_t sent[MOST])
{
    static char copy[MOST * 8];
    size_t count = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word != NULL && count < MOST; word = strtok(NULL, " "), count++) {
        sent[count] = (sent_t){word, make_sent(word)};
        if (count > 0)
            sent[count - 1].crt->next = sent[count].crt;
    }
    return count;
}

static const char *text_of(const mbedtls_x509_crt *crt, const sent_t *sent, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (sent[i].crt == crt)
            return sent[i].text;
    }
    return "?";
}

static void check_order(const char *list, const char *wanted)
{
    sent_t sent[MOST];
    char got[MOST * 8] = "";
    size_t used = arena_used(), count = make_list(list, sent);
    search = (trust_search_t){.store = &store};
    unsigned kept = trust_order(&search, sent[0].crt);
    unsigned seen = 0;
    for (const mbedtls_x509_crt *crt = sent[0].crt; crt != NULL; crt = crt->next, seen++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", seen > 0 ? " " : "",
                 text_of(crt, sent, count));
    if (strcmp(got, wanted) != 0)
        FAIL("%s: %s, wanted %s", list, got, wanted);
    CHECK_INT(kept, seen - 1);
    trust_free(sent[0].crt);
    CHECK_INT(arena_used(), used);
}

static void begin(const char *roots)
{
    store.count = 0;
    for (; *roots != '\0'; roots++)
        trust_letter(*roots);
}

// --- Order

static void takes_the_way_to_an_anchor(void)
{
    begin("r");
    check_order("sr", "sr");
    check_order("sa ar", "sa ar");
    check_order("sa ab br", "sa ab br");
    check_order("sa br ab", "sa ab br");
    check_order("sa xy ar", "sa ar");
    check_order("sa ar ar1", "sa ar");
    check_order("sa ar rr", "sa ar rr"); // the root itself: an anchor knows it, and it may be a namesake
    CHECK(!search.any_time);
}

static void drops_tails_that_lead_nowhere(void)
{
    begin("r");
    check_order("sa ar rz", "sa ar"); // r cross-signed by one who is not trusted
    check_order("sa az ar", "sa ar"); // two versions of an intermediate
    check_order("sa ab bz br", "sa ab br");
    check_order("sa az zy yx ab br", "sa ab br");
}

static void takes_the_shortest_way(void)
{
    begin("rq");
    check_order("sa ab br aq", "sa aq");
    check_order("sa ab br bq", "sa ab br"); // of two that are as short the first
}

static void passes_over_what_is_not_valid_now(void)
{
    begin("r");
    check_order("sa arE ar", "sa ar");
    check_order("sa arF ab br", "sa ab br");
    check_order("saE ar", "saE ar"); // the server's own is judged later
    CHECK(!search.any_time);
}

static void goes_an_expired_way_if_there_is_no_other(void)
{
    begin("r");
    check_order("sa arE", "sa arE");
    CHECK(search.any_time);
    check_order("sa abE br arF", "sa arF");
    CHECK(search.any_time);
}

static void goes_around_an_expired_anchor(void)
{
    store.count = 0;
    add_anchor('r', now() - 1000, now() - 10, 0);
    check_order("sa ar", "sa ar");
    CHECK(search.any_time);
    trust_letter('q');
    check_order("sa ar rq", "sa ar rq");
    CHECK(!search.any_time);
    add_anchor('t', now() + 10, now() + 1000, 0);
    check_order("st tq", "st tq");
    CHECK(!search.any_time);
}

static void goes_around_a_distrusted_anchor(void)
{
    store.count = 0;
    add_anchor('r', now() - 1000, now() + 1000, now() - 501); // the leaf is 500 s old
    trust_letter('q');
    check_order("sa ar rq", "sa ar rq");
    store.count = 0;
    add_anchor('r', now() - 1000, now() + 1000, now() - 500);
    trust_letter('q');
    check_order("sa ar rq", "sa ar rq"); // believed; but the way goes on, since the anchor may be a namesake
}

static size_t count_issuers(const char *child)
{
    mbedtls_x509_crt *crt = make_sent(child), *found = NULL;
    size_t count = 0;
    CHECK_INT(trust_find_issuers(&search, crt, 8, &found), 0);
    for (const mbedtls_x509_crt *each = found; each != NULL; each = each->next)
        count++;
    trust_free(found);
    trust_free(crt);
    return count;
}

static void a_distrusted_anchor_is_none_for_new_certificates(void)
{
    mbedtls_x509_time issued = date(now() - 500);
    store.count = 0;
    add_anchor('r', now() - 1000, now() + 1000, now() - 501);
    search = (trust_search_t){.store = &store, .issued = &issued};
    CHECK_INT(count_issuers("sr"), 0);
    search.any_time = true;
    CHECK_INT(count_issuers("sr"), 0);
    anchors[0].distrust_after++;
    CHECK_INT(count_issuers("sr"), 1);
}

static void heeds_key_identifiers(void)
{
    begin("r");
    check_order("sa:-1 ar:2- ar:1-", "sa:-1 ar:1-");
    check_order("sa:-1 ar:2-", "sa:-1");
    check_order("sa:-1 ar", "sa:-1 ar");
    check_order("sa ar:2-", "sa ar:2-");
}

static void goes_on_behind_the_child_of_a_namesake(void)
{
    begin("rq");
    check_order("sr rq", "sr rq"); // is it the anchor r that signed s, or the r that was sent?
    check_order("sr rz", "sr");
}

static void keeps_one_way_for_the_words(void)
{
    begin("r");
    check_order("sa ax xy zz", "sa ax xy");
    check_order("sx ab", "sx");
    check_order("ss", "ss");
    check_order("ss ss1", "ss ss1");
}

static void survives_circles(void)
{
    begin("r");
    check_order("sa ab ba", "sa ab ba");
    check_order("sa ab ba br", "sa ab br");
    check_order("ab ba", "ab ba");
}

static void keeps_no_more_than_can_be_checked(void)
{
    begin("r");
    check_order("sa ab bc cd de ef fg gh hi ij jr",
                "sa ab bc cd de ef fg gh hi ij"); // too long, Mbed TLS says
    check_order("sa ab bc cd de ef fg gh hr", "sa ab bc cd de ef fg gh hr");
    check_order("sa ar1 ar2 ar3 ar4 ar5 ar6 ar7 ar8 ar9 arA arB arC arD arG arH arI", "sa ar1");
    // Behind the sixteenth nothing is looked at.
    check_order("sa a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 ar", "sa a1");
}

static void forty_expired_namesakes_are_gone(void)
{
    char list[MOST * 8] = "sa";
    begin("r");
    for (int i = 0; i < 14; i++)
        strcat(list, " arE");
    strcat(list, " ar");
    for (int i = 0; i < 26; i++)
        strcat(list, " arE");
    check_order(list, "sa ar");
    strcpy(list, "sa");
    for (int i = 0; i < 40; i++)
        strcat(list, " arE");
    check_order(list, "sa arE");
}

// Names are compared as RFC 5280 7.1 does, case folded.
static void compares_names_as_mbed_tls_does(void)
{
    begin("r");
    check_order("sA ar", "sA ar");
    check_order("sa aR", "sa aR");
}

// --- Made certificates

static void is_a_certificate(void)
{
    mbedtls_x509_crt crt;
    uint8_t der[400];
    begin("");
    add_anchor('r', 1500000000, 2500000000, 0); // beyond 2049
    size_t len = trust_make_len(&anchors[0]);
    REQUIRE(len > 0 && len <= sizeof der);
    memset(der, 0xa5, sizeof der);
    trust_make(&anchors[0], der);
    CHECK_INT(der[len], 0xa5);
    mbedtls_x509_crt_init(&crt);
    REQUIRE_INT(mbedtls_x509_crt_parse_der(&crt, der, len), 0);
    CHECK_INT(crt.raw.len, len);
    CHECK(crt.pk_raw.len == KEY_LEN && memcmp(crt.pk_raw.p, key, KEY_LEN) == 0);
    CHECK(crt.subject_raw.len == NAME_LEN && memcmp(crt.subject_raw.p, names['r'], NAME_LEN) == 0);
    CHECK(crt.issuer_raw.len == NAME_LEN && memcmp(crt.issuer_raw.p, names['r'], NAME_LEN) == 0);
    CHECK_INT(mbedtls_x509_crt_get_ca_istrue(&crt), 1);
    mbedtls_x509_time from = date(1500000000), to = date(2500000000);
    CHECK_INT(mbedtls_x509_time_cmp(&crt.valid_from, &from), 0);
    CHECK_INT(mbedtls_x509_time_cmp(&crt.valid_to, &to), 0);
    mbedtls_x509_crt_free(&crt);
}

// What is not a name and a key, each whole, is none.
static void wants_a_name_and_a_key(void)
{
    begin("r");
    for (uint16_t len = 0; len < NAME_LEN + KEY_LEN; len++) {
        picket_anchor_t anchor = anchors[0];
        anchor.der_len = len;
        CHECK_INT(trust_make_len(&anchor), 0);
    }
    for (uint16_t len = 1; len < 200; len++) {
        picket_anchor_t anchor = anchors[0];
        anchor.name_len = len;
        CHECK((trust_make_len(&anchor) != 0) == (len == NAME_LEN));
    }
    anchors[0].name_len = 3;
    search = (trust_search_t){.store = &store};
    CHECK_INT(count_issuers("sr"), 0);
}

static void is_never_the_server(void)
{
    mbedtls_x509_crt crt;
    begin("r");
    mbedtls_x509_crt_init(&crt);
    crt.subject_raw = name_of('r');
    crt.raw = (mbedtls_x509_buf){.p = lines[0], .len = sizeof lines[0]};
    CHECK(!trust_contains(&store, &crt));
}

static void says_when_there_is_no_memory(void)
{
    size_t used = arena_used();
    int code = -1;
    begin("r");
    mbedtls_x509_crt *child = make_sent("sr"), *found = NULL;
    search = (trust_search_t){.store = &store};
    for (uint32_t n = 1; code != 0 && n < 100; n++) {
        size_t before = arena_used();
        found = NULL;
        arena_fail_at(n);
        code = trust_find_issuers(&search, child, 8, &found);
        arena_fail_at(0);
        CHECK(code == 0 || (found == NULL && arena_used() == before));
    }
    CHECK_INT(code, 0);
    trust_free(found);
    trust_free(child);
    CHECK_INT(arena_used(), used);
}

int main(void)
{
    script_reset();
    clock_use(script_port());
    entropy_start(script_port());
    if (!arena_start(arena, sizeof arena) || psa_crypto_init() != PSA_SUCCESS)
        return 1;
    for (uint8_t letter = 0; letter < 128; letter++)
        make_name(letter);
    RUN(takes_the_way_to_an_anchor);
    RUN(drops_tails_that_lead_nowhere);
    RUN(takes_the_shortest_way);
    RUN(passes_over_what_is_not_valid_now);
    RUN(goes_an_expired_way_if_there_is_no_other);
    RUN(goes_around_an_expired_anchor);
    RUN(goes_around_a_distrusted_anchor);
    RUN(a_distrusted_anchor_is_none_for_new_certificates);
    RUN(heeds_key_identifiers);
    RUN(goes_on_behind_the_child_of_a_namesake);
    RUN(keeps_one_way_for_the_words);
    RUN(survives_circles);
    RUN(keeps_no_more_than_can_be_checked);
    RUN(forty_expired_namesakes_are_gone);
    RUN(compares_names_as_mbed_tls_does);
    RUN(is_a_certificate);
    RUN(wants_a_name_and_a_key);
    RUN(is_never_the_server);
    RUN(says_when_there_is_no_memory);
    mbedtls_psa_crypto_free();
    entropy_stop();
    clock_forget();
    arena_stop();
    return check_done();
}
