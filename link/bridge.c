#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "linux_nat.h"
#include "queue.h"
#include "slip.h"

// While more than ENOUGH waits for the board, libslirp's sockets are not read: what they still bring then is no
// more than the board's TCP windows have room for, so that nothing is lost. What answers the board at once, as
// echoes do, is not held back by that: beyond FULL it is lost, or a board that asks and does not read would have
// all the memory.
enum { ENOUGH = 32 * 1024, FULL = 1024 * 1024 };

enum { ETHERNET = 14, ETHERTYPE_IP4 = 0x0800, ETHERTYPE_ARP = 0x0806 };
enum { ARP_LEN = 28, ARP_SENDER = 8, ARP_TARGET = 18 };

static const uint8_t board_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; // locally administered
static const uint8_t nat_mac[6] = {0x52, 0x55, PICKET_LINUX_NET, PICKET_LINUX_GATEWAY};
static const uint8_t board_ip[4] = {PICKET_LINUX_NET, PICKET_LINUX_SELF};

static int from_board, to_board;
static struct slip_decoder decoder;
static struct queue queue;
static struct bridge_counts counts;
static bool asked; // libslirp has: who is the board?

// --- Towards libslirp

static unsigned number(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

// dst must have ETHERNET bytes.
static void write_header(uint8_t *dst, unsigned type)
{
    memcpy(dst, nat_mac, 6);
    memcpy(dst + 6, board_mac, 6);
    dst[12] = (uint8_t)(type >> 8);
    dst[13] = (uint8_t)type;
}

// The length of the IPv4 packet in these bytes, 0 if they are none. Bytes behind it are padding.
static size_t ip4_length(const uint8_t *p, size_t len)
{
    if (len < 20 || p[0] >> 4 != 4)
        return 0;
    size_t header = (size_t)(p[0] & 15) * 4, total = number(p + 2);
    return header >= 20 && header <= total && total <= len ? total : 0;
}

static void take_packet(const uint8_t *packet, size_t len)
{
    uint8_t frame[ETHERNET + SLIP_MTU];
    size_t total = ip4_length(packet, len);
    if (total == 0) {
        counts.dropped++;
        return;
    }
    write_header(frame, ETHERTYPE_IP4);
    memcpy(frame + ETHERNET, packet, total);
    counts.from_board++;
    picket_linux_nat_input(frame, ETHERNET + total);
}

static void take_bytes(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = slip_decode(&decoder, bytes[i]);
        if (len > 0)
            take_packet(decoder.packet, len);
    }
}

// No board on a serial line does it, so it is done for it: an ARP announcement, which libslirp learns from.
static void announce(void)
{
    uint8_t frame[ETHERNET + ARP_LEN] = {0};
    uint8_t *arp = frame + ETHERNET;
    write_header(frame, ETHERTYPE_ARP);
    memcpy(arp, (const uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8); // Ethernet, IPv4, a request
    memcpy(arp + ARP_SENDER, board_mac, 6);
    memcpy(arp + ARP_SENDER + 6, board_ip, 4);
    memcpy(arp + ARP_TARGET + 6, board_ip, 4);
    asked = false;
    picket_linux_nat_input(frame, sizeof frame);
    picket_linux_nat_poll(0); // now it sends what waited for this
}

// --- Towards the board

static void queue_packet(const uint8_t *packet, size_t len)
{
    size_t total = ip4_length(packet, len);
    if (total == 0)
        return;
    bool fits = total <= SLIP_MTU && queue.len + SLIP_ENCODED(total) <= FULL;
    uint8_t *space = fits ? queue_space(&queue, SLIP_ENCODED(total)) : NULL;
    if (!space) {
        counts.lost++;
        return;
    }
    counts.to_board++;
    queue_added(&queue, slip_encode(packet, total, space));
}

// libslirp may be in the middle of anything: nothing is put into it from here.
static void take_frame(const void *bytes, size_t len)
{
    const uint8_t *frame = bytes;
    if (len < ETHERNET)
        return;
    if (number(frame + 12) == ETHERTYPE_ARP)
        asked = true;
    else if (number(frame + 12) == ETHERTYPE_IP4)
        queue_packet(frame + ETHERNET, len - ETHERNET);
}

// --- The serial line

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static bool read_some(void)
{
    uint8_t bytes[4096];
    ssize_t n = read(from_board, bytes, sizeof bytes);
    if (n > 0)
        take_bytes(bytes, (size_t)n);
    if (n == 0)
        errno = 0;
    return n > 0 || (n < 0 && is_passing(errno));
}

static bool write_some(void)
{
    if (queue.len == 0)
        return true;
    ssize_t n = write(to_board, queue.bytes + queue.at, queue.len);
    if (n > 0)
        queue_taken(&queue, (size_t)n);
    return n >= 0 || is_passing(errno);
}

static bool unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0;
}

int bridge_open(int in, int out)
{
    from_board = in;
    to_board = out;
    memset(&decoder, 0, sizeof decoder);
    memset(&counts, 0, sizeof counts);
    if (!unblock(in) || !unblock(out) || picket_linux_nat_open(take_frame) < 0)
        return -1;
    asked = true;
    return 0;
}

void bridge_close(struct bridge_counts *the_counts)
{
    picket_linux_nat_close();
    queue_free(&queue);
    *the_counts = counts;
    the_counts->dropped += decoder.dropped;
}

// A pipe without a reader is known before anything is written, and poll would not wait for it. (Of a socket or
// a terminal the reading end tells.)
static bool reader_has_gone(short events)
{
    errno = EPIPE;
    return to_board != from_board && (events & (POLLERR | POLLNVAL)) != 0;
}

// What the board sends is always read: it is never more than libslirp takes.
bool bridge_serve(uint32_t ms)
{
    if (asked)
        announce();
    struct pollfd line[2] = {
        {.fd = from_board, .events = POLLIN},
        {.fd = to_board, .events = (short)(queue.len > 0 ? POLLOUT : 0)},
    };
    if (queue.len > ENOUGH)
        poll(line, 2, (int)ms);
    else
        picket_linux_nat_poll_with(line, 2, ms);
    if ((line[0].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) && !read_some())
        return false;
    return !reader_has_gone(line[1].revents) && write_some();
}
