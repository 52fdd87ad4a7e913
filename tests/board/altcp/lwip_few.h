// lwip_few.h: lwIP's options for a serial line, as port/pico has them with picket_slip.
#define LWIP_IPV6          0
#define LWIP_ARP           0
#define LWIP_ETHERNET      0
#define LWIP_DHCP          0
#define PICKET_TCP_WND_MSS 8
