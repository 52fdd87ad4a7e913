// lwip_options.h: where lwIP on the mps2 boards differs from config/lwipopts.h.
#ifndef PICKET_MPS2_LWIP_OPTIONS_H
#define PICKET_MPS2_LWIP_OPTIONS_H

// An Ethernet header has 14 bytes; two more before it put the IP header on a multiple of four, which the M0+
// insists on. The LAN9118 leaves that space by itself.
#ifndef ETH_PAD_SIZE
#define ETH_PAD_SIZE 2
#endif

// What lwIP copies of packets.
#ifndef MEMCPY
#include "../../../src/kernels/copy.h"
#define MEMCPY(to, from, n) kernel_copy(to, from, n)
#endif

// The LAN9118's receive FIFO holds 10.5 kB. A larger window makes a fast sender overrun it, and packets are
// lost.
#ifndef PICKET_TCP_WND_MSS
#define PICKET_TCP_WND_MSS 4
#endif

#endif
