// libslirp behind the Linux port and behind picket-link: what it must not be given is kept from it.
#include "linux_nat.h"

#include <stdlib.h>

#include "check.h"

enum { ETHERNET = 14, IP = 20, ICMP = 8, ARP = 28 };
enum { WHOLE = 0, MORE = 0x2000, LAST_OFFSET = 0x1fff };

static const uint8_t board_mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
static const uint8_t self[4] = {PICKET_LINUX_NET, PICKET_LINUX_SELF};
static const uint8_t gateway[4] = {PICKET_LINUX_NET, PICKET_LINUX_GATEWAY};

static unsigned replies; // to our echoes

static void put16(uint8_t *at, unsigned number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static unsigned checksum(const uint8_t *bytes, size_t len)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += (unsigned long)bytes[i] << 8 | bytes[i + 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned)(~sum & 0xffff);
}

static void count_replies(const void *bytes, size_t len)
{
    const uint8_t *frame = bytes;
    if (len >= ETHERNET + IP + ICMP && frame[12] == 8 && frame[13] == 0 && frame[ETHERNET + 9] == 1 &&
        frame[ETHERNET + IP] == 0)
        replies++;
}

static void put_header(uint8_t *frame, unsigned type)
{
    memset(frame, 0xff, 6);
    memcpy(frame + 6, board_mac, 6);
    put16(frame + 12, type);
}

// libslirp learns where we are.
static void announce(void)
{
    uint8_t frame[ETHERNET + ARP] = {0};
    static const uint8_t start[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    put_header(frame, 0x0806);
    memcpy(frame + ETHERNET, start, sizeof start);
    memcpy(frame + ETHERNET + 8, board_mac, 6);
    memcpy(frame + ETHERNET + 14, self, 4);
    memcpy(frame + ETHERNET + 24, gateway, 4);
    picket_linux_nat_input(frame, sizeof frame);
}

// An echo request to the gateway, or the part of one: its place in units of 8 bytes, and MORE.
static void send_echo(unsigned fragment, unsigned identification)
{
    uint8_t frame[ETHERNET + IP + ICMP + 56] = {0};
    uint8_t *ip = frame + ETHERNET;
    put_header(frame, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, sizeof frame - ETHERNET);
    put16(ip + 4, identification);
    put16(ip + 6, fragment);
    ip[8] = 64;
    ip[9] = 1;
    memcpy(ip + 12, self, 4);
    memcpy(ip + 16, gateway, 4);
    put16(ip + 10, checksum(ip, IP));
    ip[IP] = 8;
    put16(ip + IP + 2, checksum(ip + IP, ICMP + 56));
    picket_linux_nat_input(frame, sizeof frame);
}

static bool is_answered(void)
{
    unsigned before = replies;
    send_echo(WHOLE, 1);
    for (int i = 0; i < 100 && replies == before; i++)
        picket_linux_nat_poll(10);
    return replies > before;
}

static void the_gateway_answers(void)
{
    REQUIRE_INT(picket_linux_nat_open(count_replies), 0);
    announce();
    CHECK(is_answered());
    picket_linux_nat_close();
}

// libslirp 4.7.0 crashed on the end of a packet whose beginning had not come.
static void fragments_do_no_harm(void)
{
    REQUIRE_INT(picket_linux_nat_open(count_replies), 0);
    announce();
    for (unsigned offset = 0; offset <= LAST_OFFSET; offset++) {
        send_echo(offset, 2);
        send_echo(offset | MORE, offset);
    }
    send_echo(MORE, 3); // all in order
    send_echo(8, 3);
    CHECK(is_answered());
    picket_linux_nat_close();
}

// Whatever the length, nothing is read beyond it.
static void a_cut_frame_does_no_harm(void)
{
    REQUIRE_INT(picket_linux_nat_open(count_replies), 0);
    announce();
    for (size_t len = 0; len <= ETHERNET + IP; len++) {
        uint8_t *frame = malloc(len > 0 ? len : 1);
        REQUIRE(frame != NULL);
        for (size_t i = 0; i < len; i++)
            frame[i] = i == 12 ? 8 : i == ETHERNET ? 0x45 : 0;
        picket_linux_nat_input(frame, len);
        free(frame);
    }
    CHECK(is_answered());
    picket_linux_nat_close();
}

int main(void)
{
    RUN(the_gateway_answers);
    RUN(fragments_do_no_harm);
    RUN(a_cut_frame_does_no_harm);
    return check_done();
}
