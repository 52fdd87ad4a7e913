// linux_nat.h: libslirp, the far end of lwIP's cable: a gateway that turns connections into the host's
// sockets.
#ifndef PICKET_LINUX_NAT_H
#define PICKET_LINUX_NAT_H

#include <stddef.h>
#include <stdint.h>

// The network between lwIP and libslirp. The last byte of an IPv4 address and of an IPv6 address is the same.
#define PICKET_LINUX_NET 10, 0, 2
enum { PICKET_LINUX_GATEWAY = 2, PICKET_LINUX_NAME_SERVER = 3, PICKET_LINUX_SELF = 15 };
enum { PICKET_LINUX_MTU = 1500 };

// Where frames for lwIP go. Called only by the functions below.
typedef void picket_linux_nat_output(const void *frame, size_t len);

// Returns 0, or PICKET_ERR_NO_NETWORK.
int picket_linux_nat_open(picket_linux_nat_output *output);

// Closes all its sockets.
void picket_linux_nat_close(void);

// Take a frame from lwIP. Answers may come before it returns. A fragment of an IPv4 packet goes nowhere.
void picket_linux_nat_input(const void *frame, size_t len);

// Wait up to ms milliseconds for the host's sockets, then read and write them. Returns the milliseconds after
// which it wants to be called again even if nothing happens on the sockets. While closed, it only waits.
uint32_t picket_linux_nat_poll(uint32_t ms);

// The same, waiting for these descriptors as well; sets their revents.
struct pollfd;
uint32_t picket_linux_nat_poll_with(struct pollfd *others, size_t count, uint32_t ms);

#endif
