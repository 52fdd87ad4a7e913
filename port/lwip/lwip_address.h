// lwip_address.h: Picket's addresses and lwIP's.
#ifndef PICKET_LWIP_ADDRESS_H
#define PICKET_LWIP_ADDRESS_H

#include "lwip/ip_addr.h"
#include "picket/port.h"

#ifdef __cplusplus
extern "C" {
#endif

ip_addr_t picket_lwip_to_ip(const picket_address_t *address);
picket_address_t picket_lwip_from_ip(const ip_addr_t *ip);

#ifdef __cplusplus
}
#endif
#endif
