// TLS against recorded servers: every way to cut the bytes of a real exchange into pieces gives the page,
// and every way to cut them off, to damage them or to rearrange them gives an error that fits, and never a
// wrong byte.
//
// The exchanges are those of openssl s_server, recorded once and then played back (support/replay_port.h).
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "check.h"
#include "replay_port.h"
#include "tls_server.h"

#ifdef __SANITIZE_ADDRESS__
#define SPARSE 5 // the sanitized program is ten times slower
#else
#define SPARSE 1
#endif

#define SHOWN      5 // of what went wrong in one test

// The page: its head and its body are each larger than a record of the server, so that both can be cut.
#define MAX_RECORD 512
#define HEAD_LEN   700
#define BODY_LEN   1300

static const tls_chain_t chain = {"replay", "P-256", NULL, "P-256", 0};

// A kind of exchange, and what is learned of it from an undisturbed replay.
typedef struct scenario {
    const char *name;
    uint16_t version;
    bool resumed;
    bool until_close; // the page has no length: its end is close_notify
    replay_recording_t recording;
    size_t hands_shaken; // bytes that the client has taken when the handshake is over
    size_t page_end;     // and when it has the whole page
} scenario_t;

static scenario_t scenarios[] = {
    {.name = "1.3", .version = PICKET_TLS_1_3},
    {.name = "1.3 resumed", .version = PICKET_TLS_1_3, .resumed = true},
    {.name = "1.2", .version = PICKET_TLS_1_2},
    {.name = "1.2 resumed", .version = PICKET_TLS_1_2, .resumed = true},
    {.name = "1.3 until close", .version = PICKET_TLS_1_3, .until_close = true},
    {.name = "1.2 until close", .version = PICKET_TLS_1_2, .until_close = true},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_t client;
static picket_http_t http;
static replay_page_t page;
static uint8_t body[BODY_LEN];
static uint8_t changed[REPLAY_RECORDING_MAX * 2]; // a recording, or what was made of one

// --- Recording

static bool put_page(const char *name, bool with_length)
{
    uint8_t whole[HEAD_LEN + BODY_LEN];
    int n = snprintf((char *)whole, sizeof whole, "HTTP/1.1 200 OK\r\n");
    if (with_length)
        n += snprintf((char *)whole + n, sizeof whole - (size_t)n, "Content-Length: %d\r\n", BODY_LEN);
    n += snprintf((char *)whole + n, sizeof whole - (size_t)n, "X-Filler: ");
    memset(whole + n, 'x', HEAD_LEN - (size_t)n);
    memcpy(whole + HEAD_LEN - 4, "\r\n\r\n", 4);
    memcpy(whole + HEAD_LEN, body, BODY_LEN);
    return tls_server_page(name, whole, sizeof whole);
}

static bool record(scenario_t *s, const picket_trust_t *trust)
{
    tls_server_t server;
    const char *version = s->version == PICKET_TLS_1_3 ? "-tls1_3" : "-tls1_2";
    if (!tls_server_start(
            &server, &(tls_server_options_t){.chain = &chain, .version = version, .max_record = MAX_RECORD}))
        return false;
    s->recording.trust = trust;
    s->recording.version = s->version;
    s->recording.seed = 20261;
    bool done =
        replay_record(&s->recording, arena, sizeof arena, server.port, s->until_close ? "close" : "length");
    tls_server_stop(&server);
    return done;
}

// --- Playing back

// What came of an exchange.
typedef struct outcome {
    replay_page_t page;
    bool sound;     // the arena is, and the session was made when there is one
    bool sent_data; // the client has sent what only a verified server may see
} outcome_t;

static outcome_t *outcome; // in memory that forked copies of the client share

static bool share_outcome(void)
{
    outcome = mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return outcome != MAP_FAILED;
}

static const uint8_t *recorded(const scenario_t *s, size_t *len)
{
    *len = s->recording.len[s->resumed];
    return s->recording.bytes[s->resumed];
}

// What the client holds must always be the beginning of the page.
static bool is_true(const replay_page_t *p)
{
    return p->len <= BODY_LEN && memcmp(p->bytes, body, p->len) == 0;
}

static bool is_whole(const replay_page_t *p)
{
    return p->result == 0 && p->len == BODY_LEN && is_true(p) && p->status == 200;
}

// The number of the connection that is played with.
static size_t last(const scenario_t *s)
{
    return s->resumed;
}

// In TLS 1.3 the client's Finished looks like data, so there the phase must do.
static bool has_sent_data(const scenario_t *s, enum picket_phase phase)
{
    size_t len, at = 0;
    replay_record_t record;
    const uint8_t *sent = replay_sent(last(s), &len);
    if (s->version == PICKET_TLS_1_3)
        return phase >= PICKET_PHASE_SEND;
    while (replay_next_record(sent, len, &at, &record)) {
        if (record.type == 23)
            return true;
    }
    return false;
}

// A fresh client that will be shown this, and has its session when it is about resuming.
static replay_t scripts[2];
static bool begin(const scenario_t *s, const replay_t *script)
{
    static replay_page_t first;
    scripts[0] = (replay_t){.bytes = s->recording.bytes[0], .len = s->recording.len[0]};
    scripts[last(s)] = *script;
    replay_load(scripts, last(s) + 1);
    if (replay_init(&s->recording, &client, arena, sizeof arena) != 0)
        return false;
    if (!s->resumed)
        return true;
    replay_get(&client, s->recording.url, &first);
    return is_whole(&first) && !first.detail.resumed;
}

// Play one script from beginning to end.
static bool play(const scenario_t *s, const replay_t *script)
{
    bool sound = begin(s, script);
    replay_get(&client, s->recording.url, &page);
    sound = sound && arena_check();
    picket_deinit(&client);
    return sound;
}

static void records_real_exchanges(void)
{
    static picket_trust_t trust;
    for (size_t i = 0; i < BODY_LEN; i++)
        body[i] = (uint8_t)(i * 7 + i / 256);
    REQUIRE(share_outcome());
    REQUIRE(put_page("length", true) && put_page("close", false));
    REQUIRE(tls_chain_make(&chain) && tls_chain_trust(&chain, 1, &trust));
    for (size_t i = 0; i < SCENARIOS; i++)
        REQUIRE(record(&scenarios[i], &trust));
}

// --- Undisturbed

// Feed one byte at a time and note where the phases change.
static void learn_offsets(scenario_t *s)
{
    size_t len;
    const uint8_t *bytes = recorded(s, &len);
    REQUIRE(begin(s, &(replay_t){.bytes = bytes, .len = len, .piece = 1}));
    REQUIRE_INT(replay_start(&client, s->recording.url, &http, &page), 0);
    while (picket_http_detail(&http).phase < PICKET_PHASE_SEND && picket_http_detail(&http).error == 0)
        (void)picket_poll(&client);
    s->hands_shaken = replay_taken(last(s));
    replay_finish(&http, &page);
    s->page_end = replay_taken(last(s));
    CHECK(is_whole(&page));
    CHECK_INT(page.detail.phase, PICKET_PHASE_DONE);
    picket_deinit(&client);
}

// Nothing that the client sends is left to chance.
static void replay_twice(const scenario_t *s)
{
    static uint8_t first[REPLAY_RECORDING_MAX];
    size_t len, first_len = 0, second_len = 0;
    const uint8_t *sent, *bytes = recorded(s, &len);
    REQUIRE(play(s, &(replay_t){.bytes = bytes, .len = len}));
    REQUIRE_STR(picket_error_name(page.result), "PICKET_OK");
    REQUIRE(is_whole(&page));
    CHECK_INT(page.detail.resumed, s->resumed);
    CHECK_INT(page.detail.tls_version, s->version);
    sent = replay_sent(last(s), &first_len);
    memcpy(first, sent, first_len);
    REQUIRE(play(s, &(replay_t){.bytes = bytes, .len = len}));
    sent = replay_sent(last(s), &second_len);
    CHECK_INT(second_len, first_len);
    CHECK_MEM(sent, first, first_len);
}

static void replays_what_was_recorded(void)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        scenario_t *s = &scenarios[i];
        replay_twice(s);
        learn_offsets(s);
        CHECK(s->hands_shaken > 0 && s->hands_shaken < s->page_end &&
              s->page_end <= s->recording.len[s->resumed]);
    }
}

// --- Pieces

static void takes_pieces_of_any_size(void)
{
    static const size_t pieces[] = {1, 2, 3, 5, 7, 11, 100, 1000};
    for (size_t i = 0; i < SCENARIOS; i++) {
        size_t len;
        const uint8_t *bytes = recorded(&scenarios[i], &len);
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            if (!play(&scenarios[i], &(replay_t){.bytes = bytes, .len = len, .piece = pieces[p]}) ||
                !is_whole(&page))
                FAIL("%s in pieces of %zu: %s", scenarios[i].name, pieces[p], picket_error_name(page.result));
        }
    }
}

static void takes_two_parts_that_meet_anywhere(void)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        size_t len, wrong = 0;
        const uint8_t *bytes = recorded(&scenarios[i], &len);
        for (size_t at = 1 + i; at < len && wrong < SHOWN; at += 7 * SPARSE) {
            if (play(&scenarios[i], &(replay_t){.bytes = bytes, .len = len, .split = at}) && is_whole(&page))
                continue;
            wrong++;
            FAIL("%s in two parts that meet at %zu: %s", scenarios[i].name, at,
                 picket_error_name(page.result));
        }
    }
}

// --- Many ends of one beginning
//
// A client is fed byte by byte. At each byte a copy of the process goes on with other bytes, so that a
// thousand ends do not cost a thousand handshakes, and a crash shows where.

static bool begin_walk(const scenario_t *s)
{
    size_t len;
    const uint8_t *bytes = recorded(s, &len);
    return begin(s, &(replay_t){.bytes = bytes, .end = PICKET_AGAIN}) &&
           replay_start(&client, s->recording.url, &http, &page) == 0;
}

// Let the client take the first at bytes of what was recorded. False when it does not want so many.
static bool walk_to(const scenario_t *s, size_t at)
{
    scripts[last(s)].len = at;
    for (int i = 0; i < 100 && replay_taken(last(s)) < at; i++) {
        (void)picket_poll(&client);
        (void)replay_read(&http, &page);
    }
    return replay_taken(last(s)) == at;
}

static _Noreturn void go_on(const scenario_t *s)
{
    replay_finish(&http, &page);
    outcome->page = page;
    outcome->sent_data = has_sent_data(s, page.detail.phase);
    outcome->sound = arena_check();
    picket_deinit(&client);
    _exit(0);
}

// Show a copy of the client these bytes instead, the first ones of which it has taken already.
static bool try_end(const scenario_t *s, const uint8_t *bytes, size_t len, int end)
{
    int status = -1;
    outcome->sound = false;
    outcome->page.result = PICKET_ERR_INTERNAL;
    pid_t pid = fork();
    if (pid == 0) {
        scripts[last(s)] = (replay_t){.bytes = bytes, .len = len, .end = end};
        go_on(s);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        FAIL("the copy of the client ended with status %d", status);
    return outcome->sound && outcome->page.result != PICKET_ERR_INTERNAL && is_true(&outcome->page);
}

// --- Cut off

// The errors of an exchange that ends too early, in the order of where it ends.
static int rank_of(int error)
{
    static const int order[] = {PICKET_ERR_TLS_CLOSED, PICKET_ERR_EMPTY, PICKET_ERR_HEAD_CUT,
                                PICKET_ERR_BODY_CUT, 0};
    for (int i = 0; i < 5; i++) {
        if (order[i] == error)
            return i;
    }
    return -1;
}

static bool is_record_end(const uint8_t *bytes, size_t len, size_t offset)
{
    size_t at = 0;
    replay_record_t record;
    while (at < offset && replay_next_record(bytes, len, &at, &record))
        ;
    return at == offset;
}

// Where the error changes from one to the next: at the end of the handshake, of a record, and of the page.
static bool may_change_at(const scenario_t *s, const uint8_t *bytes, size_t len, size_t at, int rank)
{
    if (rank == 1)
        return at == s->hands_shaken;
    return rank == 4 ? at == s->page_end : is_record_end(bytes, len, at);
}

static void cut_off_everywhere(const scenario_t *s)
{
    size_t len, wrong = 0;
    int rank = 0, seen = 1;
    const uint8_t *bytes = recorded(s, &len);
    REQUIRE(begin_walk(s));
    for (size_t at = 0; at <= s->page_end && wrong < SHOWN; at++) {
        bool near_change = at == s->hands_shaken || at == s->page_end || is_record_end(bytes, len, at);
        REQUIRE(walk_to(s, at));
        if (at % SPARSE != 0 && !near_change)
            continue;
        bool sound = try_end(s, bytes, at, 0);
        int now = rank_of(outcome->page.result);
        bool fits = sound && (now == 4) == is_whole(&outcome->page) && (now > 0 || !outcome->sent_data) &&
                    (now == rank || (now > rank && may_change_at(s, bytes, len, at, now)));
        seen |= now >= 0 ? 1 << now : 0;
        rank = now;
        if (fits)
            continue;
        wrong++;
        FAIL("%s cut off at %zu of %zu: %s, %zu bytes of the page", s->name, at, len,
             picket_error_name(outcome->page.result), outcome->page.len);
    }
    CHECK_INT(seen, 0x1f); // every one of the errors was met, and the page
    picket_deinit(&client);
}

static void tells_where_it_was_cut_off(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        cut_off_everywhere(&scenarios[i]);
}

static void reset_everywhere(const scenario_t *s)
{
    size_t len, wrong = 0;
    const uint8_t *bytes = recorded(s, &len);
    REQUIRE(begin_walk(s));
    for (size_t at = 0; at <= s->page_end && wrong < SHOWN; at += 3 * SPARSE) {
        REQUIRE(walk_to(s, at));
        int wanted = at < s->page_end ? PICKET_ERR_RESET : 0;
        if (try_end(s, bytes, at, PICKET_ERR_RESET) && outcome->page.result == wanted)
            continue;
        wrong++;
        FAIL("%s reset at %zu of %zu: %s", s->name, at, len, picket_error_name(outcome->page.result));
    }
    picket_deinit(&client);
}

static void tells_a_reset_from_an_end(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        reset_everywhere(&scenarios[i]);
}

// A server that falls silent: the deadline of the phase that it was in.
static bool is_its_timeout(const scenario_t *s, size_t at, int error)
{
    if (at < s->hands_shaken)
        return error == PICKET_ERR_TIMEOUT_HANDSHAKE;
    return error == PICKET_ERR_TIMEOUT_HEAD || error == PICKET_ERR_TIMEOUT_IDLE;
}

static void silence_everywhere(const scenario_t *s)
{
    size_t len, wrong = 0;
    const uint8_t *bytes = recorded(s, &len);
    REQUIRE(begin_walk(s));
    for (size_t at = 0; at < s->page_end && wrong < SHOWN; at += 5 * SPARSE) {
        REQUIRE(walk_to(s, at));
        if (try_end(s, bytes, at, PICKET_AGAIN) && is_its_timeout(s, at, outcome->page.result))
            continue;
        wrong++;
        FAIL("%s silent at %zu of %zu: %s", s->name, at, len, picket_error_name(outcome->page.result));
    }
    picket_deinit(&client);
}

static void tells_when_it_went_silent(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        silence_everywhere(&scenarios[i]);
}

// --- Damaged

// Nobody authenticates the version in the header of a record that is not encrypted: RFC 8446 section 5.1
// tells to ignore it.
static bool may_be_ignored(const scenario_t *s, const uint8_t *bytes, size_t len, size_t offset)
{
    size_t at = 0;
    replay_record_t record = {0};
    while (at <= offset && replay_next_record(bytes, len, &at, &record))
        ;
    bool version = offset - record.at == 1 || offset - record.at == 2;
    return version && offset < s->hands_shaken && record.type != 23;
}

static uint8_t some_bit(size_t at)
{
    return (uint8_t)(1u << ((uint32_t)at * 2654435761u >> 29));
}

static bool damage_was_noticed(const scenario_t *s, size_t at)
{
    const replay_page_t *p = &outcome->page;
    if (p->result == 0)
        return false;
    // A handshake that offered a session is tried once more without it, on a connection that there is not
    // here.
    bool in_handshake =
        p->detail.phase == PICKET_PHASE_HANDSHAKE || (s->resumed && p->detail.phase == PICKET_PHASE_CONNECT);
    return at >= s->hands_shaken || (in_handshake && !outcome->sent_data && p->len == 0);
}

static void flip_everywhere(const scenario_t *s)
{
    size_t len, wrong = 0;
    const uint8_t *bytes = recorded(s, &len);
    memcpy(changed, bytes, len);
    REQUIRE(begin_walk(s));
    for (size_t at = 0; at < s->page_end && wrong < SHOWN; at += SPARSE) {
        REQUIRE(walk_to(s, at));
        changed[at] ^= some_bit(at);
        bool sound = try_end(s, changed, len, 0);
        changed[at] ^= some_bit(at);
        bool ignored = is_whole(&outcome->page) && may_be_ignored(s, bytes, len, at);
        if (sound && (ignored || damage_was_noticed(s, at)))
            continue;
        wrong++;
        FAIL("%s with bit %02x flipped at %zu of %zu (handshake to %zu, page to %zu): %s in phase %s",
             s->name, (unsigned)some_bit(at), at, len, s->hands_shaken, s->page_end,
             picket_error_name(outcome->page.result), picket_phase_name(outcome->page.detail.phase));
    }
    picket_deinit(&client);
}

static void notices_every_flipped_bit(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        flip_everywhere(&scenarios[i]);
}

// --- Rearranged

#define RECORDS_MAX 64
enum rearrangement { DROP, REPEAT, SWAP, REARRANGEMENTS };
static const char *const rearrangement_names[] = {"dropped", "repeated", "swapped with the next"};

static size_t split_records(const uint8_t *bytes, size_t len, replay_record_t *records)
{
    size_t n = 0, at = 0;
    while (n < RECORDS_MAX && replay_next_record(bytes, len, &at, &records[n]))
        n++;
    return n;
}

static size_t append(size_t at, const uint8_t *bytes, const replay_record_t *record)
{
    memcpy(changed + at, bytes + record->at, record->len);
    return at + record->len;
}

// The exchange with its i-th record rearranged, in changed. Returns its length.
static size_t rearrange(const uint8_t *bytes, const replay_record_t *records, size_t n, size_t i, int how)
{
    size_t len = 0;
    for (size_t k = 0; k < n; k++) {
        size_t from = how == SWAP && k == i ? i + 1 : how == SWAP && k == i + 1 ? i : k;
        if (how != DROP || k != i)
            len = append(len, bytes, &records[from]);
        if (how == REPEAT && k == i)
            len = append(len, bytes, &records[k]);
    }
    return len;
}

// A change_cipher_spec means nothing in TLS 1.3 (RFC 8446 appendix D.4).
static bool order_means_nothing(const scenario_t *s, const replay_record_t *records, size_t n, size_t i,
                                int how)
{
    if (records[i].at >= s->page_end || (how == REPEAT && records[i].at + records[i].len >= s->page_end))
        return true;
    bool ccs = records[i].type == 20 || (how == SWAP && i + 1 < n && records[i + 1].type == 20);
    return ccs && s->version == PICKET_TLS_1_3;
}

static void rearrange_everywhere(const scenario_t *s)
{
    replay_record_t records[RECORDS_MAX];
    size_t len;
    const uint8_t *bytes = recorded(s, &len);
    size_t n = split_records(bytes, len, records);
    for (size_t i = 0; i < n; i++) {
        for (int how = 0; how < REARRANGEMENTS; how++) {
            if (how == SWAP && i + 1 == n)
                continue;
            size_t changed_len = rearrange(bytes, records, n, i, how);
            bool sound = play(s, &(replay_t){.bytes = changed, .len = changed_len});
            bool fits = page.result == 0 ? is_whole(&page) && order_means_nothing(s, records, n, i, how)
                                         : is_true(&page) && page.result != PICKET_ERR_INTERNAL;
            if (!sound || !fits)
                FAIL("%s with record %zu of %zu (type %u, at %zu) %s: %s", s->name, i, n,
                     (unsigned)records[i].type, records[i].at, rearrangement_names[how],
                     picket_error_name(page.result));
        }
    }
}

static void notices_records_that_were_rearranged(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        rearrange_everywhere(&scenarios[i]);
}

static bool all_is_well(void)
{
    return check_state()->failed == 0;
}

int main(void)
{
    RUN(records_real_exchanges);
    if (all_is_well())
        RUN(replays_what_was_recorded);
    if (!all_is_well())
        return check_done();
    RUN(takes_pieces_of_any_size);
    RUN(takes_two_parts_that_meet_anywhere);
    RUN(tells_where_it_was_cut_off);
    RUN(tells_a_reset_from_an_end);
    RUN(tells_when_it_went_silent);
    RUN(notices_every_flipped_bit);
    RUN(notices_records_that_were_rearranged);
    return check_done();
}
