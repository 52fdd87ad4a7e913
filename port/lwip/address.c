#include "lwip_address.h"

#include <string.h>

// lwIP may be compiled with one of the families only; then an address of the other one never gets here.

ip_addr_t picket_lwip_to_ip(const picket_address_t *address)
{
    ip_addr_t ip;
    memset(&ip, 0, sizeof ip);
#if LWIP_IPV4
    if (address->family == 4) {
        IP_SET_TYPE(&ip, IPADDR_TYPE_V4);
        memcpy(&ip_2_ip4(&ip)->addr, address->bytes, 4);
    }
#endif
#if LWIP_IPV6
    if (address->family == 6) {
        IP_SET_TYPE(&ip, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(&ip)->addr, address->bytes, 16);
        ip6_addr_set_zone(ip_2_ip6(&ip), address->zone);
    }
#endif
    return ip;
}

picket_address_t picket_lwip_from_ip(const ip_addr_t *ip)
{
    picket_address_t address;
    memset(&address, 0, sizeof address);
#if LWIP_IPV4
    if (IP_IS_V4(ip)) {
        address.family = 4;
        memcpy(address.bytes, &ip_2_ip4(ip)->addr, 4);
    }
#endif
#if LWIP_IPV6
    if (IP_IS_V6(ip)) {
        address.family = 6;
        address.zone = ip6_addr_zone(ip_2_ip6(ip));
        memcpy(address.bytes, ip_2_ip6(ip)->addr, 16);
    }
#endif
    return address;
}
