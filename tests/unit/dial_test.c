// From a name to a connection: two lookups, two attempts, raced as RFC 8305 says, on a clock of our own.
#include "dial.h"

#include <stdio.h>

#include "check.h"
#include "picket/options.h"
#include "script_port.h"

#define LONG 5000u

static dial_t dial;
static int handle;
static picket_address_t address;

static void start(const picket_address_t *to)
{
    handle = -1;
    address = (picket_address_t){0};
    dial_start(&dial, script_port(), "example.com", to, 443);
}

static int poll(void)
{
    (void)script_port()->poll(NULL);
    return dial_poll(&dial, script.now_ms, &handle, &address);
}

// Sleeps no longer than dial_next and the port allow.
static void sleep_on(uint32_t most)
{
    uint32_t ms = dial_next(&dial, script.now_ms, most);
    uint32_t port_ms = script_port()->poll(NULL);
    if (port_ms < ms)
        ms = port_ms;
    if (ms > 0)
        script_port()->wait(NULL, ms);
}

// Until it is decided, or for so long.
static int run(uint32_t ms)
{
    uint32_t began = script.now_ms;
    int result = poll();
    while (result == PICKET_AGAIN && script.now_ms - began < ms) {
        sleep_on(ms - (script.now_ms - began));
        result = poll();
    }
    return result;
}

static void hand_back(int result)
{
    if (result == 1)
        script_port()->close(NULL, handle);
    dial_stop(&dial);
    dial_stop(&dial);
    CHECK(script_clean());
}

// --- Races

struct race {
    const char *name;
    script_way_t six, four;
    int result;
    int family; // of the winner
    const char *story;
};

#define YES     1
#define NEVER   SCRIPT_NEVER
#define REFUSED PICKET_ERR_REFUSED
#define NO_NAME PICKET_ERR_NO_ADDRESS

// The answer to the lookup and the result of the attempt, each after so many milliseconds.
#define WAY(answer, answer_ms, result, result_ms)                                                    \
    {                                                                                                \
        .lookup = (answer), .lookup_ms = (answer_ms), .connect = (result), .connect_ms = (result_ms) \
    }

static const struct race races[] = {
    {"both at once", WAY(YES, 0, YES, 0), WAY(YES, 0, YES, 0), 1, 6,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 0 close 6"},
    {"IPv6 is slow but within its head start", WAY(YES, 10, YES, 249), WAY(YES, 5, YES, 1), 1, 6,
     "0 lookup 6, 0 lookup 4, 10 connect 6, 259 close 6"},
    {"IPv6 is too slow, IPv4 wins", WAY(YES, 10, YES, 400), WAY(YES, 10, YES, 20), 1, 4,
     "0 lookup 6, 0 lookup 4, 10 connect 6, 260 connect 4, 280 abort 6, 280 close 4"},
    {"IPv6 is slow, and wins all the same", WAY(YES, 0, YES, 300), WAY(YES, 0, YES, 100), 1, 6,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 250 connect 4, 300 abort 4, 300 close 6"},
    {"IPv6 leads nowhere", WAY(YES, 0, NEVER, 0), WAY(YES, 0, YES, 30), 1, 4,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 250 connect 4, 280 abort 6, 280 close 4"},
    {"IPv6 is refused, IPv4 goes at once", WAY(YES, 0, REFUSED, 40), WAY(YES, 0, YES, 5), 1, 4,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 40 abort 6, 40 connect 4, 45 close 4"},
    {"the name has no IPv6 address", WAY(NO_NAME, 20, YES, 0), WAY(YES, 5, YES, 5), 1, 4,
     "0 lookup 6, 0 lookup 4, 20 connect 4, 25 close 4"},
    {"the answer for IPv4 comes first and waits 50 ms", WAY(NEVER, 0, YES, 0), WAY(YES, 100, YES, 5), 1, 4,
     "0 lookup 6, 0 lookup 4, 150 connect 4, 155 cancel 6, 155 close 4"},
    {"the answer for IPv6 comes within those 50 ms, and has its head start", WAY(YES, 140, NEVER, 0),
     WAY(YES, 100, YES, 5), 1, 4,
     "0 lookup 6, 0 lookup 4, 140 connect 6, 390 connect 4, 395 abort 6, 395 close 4"},
    {"the answer for IPv6 comes after them, and goes at once", WAY(YES, 160, YES, 10),
     WAY(YES, 100, YES, 500), 1, 6,
     "0 lookup 6, 0 lookup 4, 150 connect 4, 160 connect 6, 170 abort 4, 170 close 6"},
    {"the answer for IPv4 comes long after IPv6's attempt began", WAY(YES, 0, NEVER, 0),
     WAY(YES, 1000, YES, 5), 1, 4,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 1000 connect 4, 1005 abort 6, 1005 close 4"},
    {"the name has only an IPv6 address", WAY(YES, 30, YES, 5), WAY(NO_NAME, 0, YES, 0), 1, 6,
     "0 lookup 6, 0 lookup 4, 30 connect 6, 35 close 6"},
    {"IPv4 fails first, IPv6 goes on", WAY(YES, 0, YES, 900), WAY(YES, 0, REFUSED, 100), 1, 6,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 250 connect 4, 350 abort 4, 900 close 6"},
    {"no IPv6 in this network",
     {.lookup_start = PICKET_ERR_NO_NETWORK},
     WAY(YES, 10, YES, 5),
     1,
     4,
     "0 lookup 4, 10 connect 4, 15 close 4"},
    {"no route for IPv6",
     {.lookup = YES, .connect_start = PICKET_ERR_UNREACHABLE},
     WAY(YES, 0, YES, 5),
     1,
     4,
     "0 lookup 6, 0 lookup 4, 0 connect 6, 0 connect 4, 5 close 4"},
    {"nothing ever answers", WAY(NEVER, 0, YES, 0), WAY(NEVER, 0, YES, 0), PICKET_AGAIN, 0,
     "0 lookup 6, 0 lookup 4, 5000 cancel 6, 5000 cancel 4"},
};

static void run_race(const struct race *race, uint32_t now)
{
    script_reset();
    script.now_ms = now;
    script.six = race->six;
    script.four = race->four;
    start(NULL);
    int result = run(LONG);
    if (result != race->result)
        FAIL("%s: got %d, wanted %d (%s)", race->name, result, race->result, script.story);
    if (result == 1)
        CHECK_INT(address.family, race->family);
    hand_back(result);
    if (now == 0)
        CHECK_STR(script.story, race->story);
}

static void runs_the_race(void)
{
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++)
        run_race(&races[i], 0);
}

static void runs_it_when_the_clock_wraps(void)
{
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
        for (uint32_t before = 0; before < 500; before += 7)
            run_race(&races[i], 0u - before);
    }
}

// --- What is said when neither way works

struct failure {
    script_way_t six, four;
    int error;
};

static const struct failure failures[] = {
    {WAY(NO_NAME, 0, YES, 0), WAY(NO_NAME, 5, YES, 0), NO_NAME},
    {WAY(YES, 0, REFUSED, 0), WAY(YES, 0, REFUSED, 0), REFUSED},
    {WAY(NO_NAME, 0, YES, 0), WAY(PICKET_ERR_TIMEOUT_LOOKUP, 0, YES, 0), PICKET_ERR_TIMEOUT_LOOKUP},
    {{.lookup_start = PICKET_ERR_NO_NETWORK}, WAY(NO_NAME, 0, YES, 0), NO_NAME},
    {{.lookup_start = PICKET_ERR_NO_NETWORK}, {.lookup_start = PICKET_ERR_NO_NETWORK}, PICKET_ERR_NO_NETWORK},
    {{.lookup = YES, .connect_start = PICKET_ERR_UNREACHABLE}, WAY(YES, 0, REFUSED, 100), REFUSED},
    {{.lookup = YES, .connect_start = PICKET_ERR_UNREACHABLE},
     WAY(NO_NAME, 0, YES, 0),
     PICKET_ERR_UNREACHABLE},
    {{.lookup = YES, .connect_start = PICKET_ERR_NO_NETWORK}, WAY(NO_NAME, 0, YES, 0), NO_NAME},
    {{.lookup = YES, .connect_start = PICKET_ERR_NO_MEMORY},
     {.lookup = YES, .connect_start = PICKET_ERR_NO_MEMORY},
     PICKET_ERR_NO_MEMORY},
    {WAY(YES, 0, PICKET_ERR_TIMEOUT_CONNECT, 4000), WAY(YES, 0, REFUSED, 100), REFUSED},
    {WAY(YES, 0, PICKET_ERR_TIMEOUT_CONNECT, 4000), WAY(NO_NAME, 0, YES, 0), PICKET_ERR_TIMEOUT_CONNECT},
    {WAY(YES, 0, PICKET_ERR_RESET, 1), WAY(YES, 0, PICKET_ERR_TIMEOUT_CONNECT, 3000), PICKET_ERR_RESET},
    {WAY(YES, 0, PICKET_ERR_UNREACHABLE, 1), WAY(YES, 0, PICKET_ERR_TIMEOUT_CONNECT, 9),
     PICKET_ERR_TIMEOUT_CONNECT},
};

static void fails_both_ways(const struct failure *f, bool swapped)
{
    script_reset();
    script.six = swapped ? f->four : f->six;
    script.four = swapped ? f->six : f->four;
    start(NULL);
    int result = run(LONG);
    CHECK_INT(result, f->error);
    CHECK_INT(poll(), f->error); // it sticks
    CHECK_INT(handle, -1);
    hand_back(result);
}

static void tells_the_error_that_tells_most(void)
{
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        fails_both_ways(&failures[i], false);
        fails_both_ways(&failures[i], true);
    }
}

// --- Lookups

static void asks_again_when_all_lookups_are_taken(void)
{
    script_reset();
    script.lookups = 0;
    start(NULL);
    CHECK_INT(poll(), PICKET_AGAIN);
    CHECK_STR(script.story, "");
    CHECK(dial_next(&dial, script.now_ms, 1000) <= 10); // nobody tells when one is free
    script_sleep(30);
    script.lookups = 8;
    CHECK_INT(poll(), PICKET_AGAIN);
    CHECK_INT(run(100), 1);
    hand_back(1);
    CHECK_STR(script.story, "30 lookup 6, 30 lookup 4, 30 connect 6, 30 close 6");
}

// One at a time: IPv6 first, then IPv4, whose turn comes when IPv6 has its answer.
static void makes_do_with_one_lookup(void)
{
    script_reset();
    script.lookups = 1;
    script.six = (script_way_t){.lookup = NO_NAME, .lookup_ms = 20};
    start(NULL);
    CHECK_INT(run(100), 1);
    CHECK_INT(address.family, 4);
    hand_back(1);
}

static void knows_when_names_are_no_longer_the_problem(void)
{
    script_reset();
    script.six.lookup_ms = 10;
    script.six.connect = SCRIPT_NEVER;
    script.four.lookup = SCRIPT_NEVER;
    start(NULL);
    CHECK(!dial_connecting(&dial));
    CHECK_INT(poll(), PICKET_AGAIN);
    CHECK(!dial_connecting(&dial));
    CHECK_INT(run(10), PICKET_AGAIN);
    CHECK(dial_connecting(&dial));
    hand_back(PICKET_AGAIN);
}

// --- A given address

static void looks_nothing_up_when_the_address_is_given(int family)
{
    picket_address_t to = {.family = (uint8_t)family, .bytes = {10, 1, 2, 3}};
    char story[60];
    script_reset();
    start(&to);
    CHECK_INT(run(100), 1);
    CHECK_MEM(&address, &to, sizeof to);
    hand_back(1);
    snprintf(story, sizeof story, "0 connect %d, 0 close %d", family, family);
    CHECK_STR(script.story, story);
}

static void takes_a_given_address(void)
{
    looks_nothing_up_when_the_address_is_given(4);
    looks_nothing_up_when_the_address_is_given(6);
}

static void tells_why_a_given_address_fails(void)
{
    static const picket_address_t to = {.family = 4, .bytes = {10, 1, 2, 3}};
    script_reset();
    script.four.connect = REFUSED;
    script.four.connect_ms = 7;
    start(&to);
    CHECK_INT(run(100), REFUSED);
    CHECK_INT(script.now_ms, 7);
    hand_back(REFUSED);
}

// --- Stopping

static void gives_everything_back_at_any_time(void)
{
    for (size_t i = 0; i < sizeof races / sizeof races[0]; i++) {
        for (uint32_t ms = 0; ms < 420; ms += 5) {
            script_reset();
            script.six = races[i].six;
            script.four = races[i].four;
            start(NULL);
            hand_back(ms > 0 ? run(ms) : PICKET_AGAIN);
        }
    }
}

static void can_be_stopped_before_it_was_polled(void)
{
    script_reset();
    start(NULL);
    hand_back(PICKET_AGAIN);
    CHECK_STR(script.story, "");
}

// --- When to poll

// It says when it is needed next: never later than the head start ends, never at once while there is nothing
// to do.
static void sleeps_until_the_head_start_ends(void)
{
    script_reset();
    script.six.connect = SCRIPT_NEVER;
    start(NULL);
    CHECK_INT(poll(), PICKET_AGAIN);
    CHECK_INT(poll(), PICKET_AGAIN);
    CHECK_INT(dial_next(&dial, script.now_ms, 1000), PICKET_RACE_MS);
    CHECK_INT(dial_next(&dial, script.now_ms, 100), 100);
    CHECK_INT(dial_next(&dial, script.now_ms + PICKET_RACE_MS - 1, 1000), 1);
    CHECK_INT(dial_next(&dial, script.now_ms + PICKET_RACE_MS, 1000), 0);
    hand_back(PICKET_AGAIN);
}

int main(void)
{
    RUN(runs_the_race);
    RUN(runs_it_when_the_clock_wraps);
    RUN(tells_the_error_that_tells_most);
    RUN(asks_again_when_all_lookups_are_taken);
    RUN(makes_do_with_one_lookup);
    RUN(knows_when_names_are_no_longer_the_problem);
    RUN(takes_a_given_address);
    RUN(tells_why_a_given_address_fails);
    RUN(gives_everything_back_at_any_time);
    RUN(can_be_stopped_before_it_was_polled);
    RUN(sleeps_until_the_head_start_ends);
    return check_done();
}
