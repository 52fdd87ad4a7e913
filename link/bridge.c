#include "bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ether.h"
#include "linux_nat.h"
#include "packet.h"
#include "queue.h"
#include "slip.h"

// While more than ENOUGH waits for the board, libslirp's sockets are not read: what they still bring then is
// no more than the board's TCP windows have room for, so that nothing is lost. What answers the board at
// once, as echoes do, is not held back by that: beyond FULL it is lost, or a board that asks and does not
// read would have all the memory.
enum { ENOUGH = 32 * 1024, FULL = 1024 * 1024 };

// What libslirp asked its Ethernet, and has yet to be told.
enum { ANSWERS = 8 };

static struct {
    uint8_t frame[ETHER_TALK];
    size_t len;
} answers[ANSWERS];
static size_t answer_count;

static int from_board, to_board;
static struct slip_decoder decoder;
static struct queue queue;
static struct bridge_counts counts;

// --- Towards libslirp

static void take_packet(const uint8_t *packet, size_t len)
{
    uint8_t frame[ETHER_FRAME];
    const size_t total = packet_length(packet, len);
    if (total == 0) {
        counts.dropped++;
        return;
    }
    counts.from_board++;
    picket_linux_nat_input(frame, ether_wrap(frame, packet, total));
}

static void take_bytes(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = slip_decode(&decoder, bytes[i]);
        if (len > 0)
            take_packet(decoder.packet, len);
    }
}

// No board on a serial line does it, so it is done for it.
static void announce(void)
{
    uint8_t frame[ETHER_TALK];
    picket_linux_nat_input(frame, ether_announce4(frame));
    picket_linux_nat_input(frame, ether_announce6(frame));
}

// Who else the board says it is, libslirp asks about.
static void give_answers(void)
{
    for (size_t i = 0; i < answer_count; i++)
        picket_linux_nat_input(answers[i].frame, answers[i].len);
    answer_count = 0;
    picket_linux_nat_poll(0); // now it sends what waited for these
}

// --- Towards the board

static void queue_packet(const uint8_t *packet, size_t len)
{
    const bool fits = queue.len + SLIP_ENCODED(len) <= FULL;
    uint8_t *const space = fits ? queue_space(&queue, SLIP_ENCODED(len)) : NULL;
    if (!space) {
        counts.lost++;
        return;
    }
    counts.to_board++;
    queue_added(&queue, slip_encode(packet, len, space));
}

// libslirp may be in the middle of anything: nothing is put into it from here. A question for which there is
// no room it asks again.
static void take_frame(const void *bytes, size_t len)
{
    const uint8_t *packet;
    uint8_t answer[ETHER_TALK];
    const size_t answer_len = ether_answer(answer, bytes, len);
    const size_t packet_len = answer_len > 0 ? 0 : ether_unwrap(bytes, len, &packet);
    if (packet_len > 0)
        queue_packet(packet, packet_len);
    if (answer_len == 0 || answer_count == ANSWERS)
        return;
    memcpy(answers[answer_count].frame, answer, answer_len);
    answers[answer_count++].len = answer_len;
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
    answer_count = 0;
    if (!unblock(in) || !unblock(out) || picket_linux_nat_open(take_frame) < 0)
        return -1;
    announce();
    return 0;
}

void bridge_close(struct bridge_counts *the_counts)
{
    picket_linux_nat_close();
    queue_free(&queue);
    *the_counts = counts;
    the_counts->dropped += decoder.dropped;
}

// A pipe without a reader is known before anything is written, and poll would not wait for it. (Of a socket
// or a terminal the reading end tells.)
static bool reader_has_gone(short events)
{
    errno = EPIPE;
    return to_board != from_board && (events & (POLLERR | POLLNVAL)) != 0;
}

// What the board sends is always read: it is never more than libslirp takes.
bool bridge_serve(uint32_t ms)
{
    if (answer_count > 0)
        give_answers();
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
