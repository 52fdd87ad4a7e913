// sdk_way.h: a program for the SDK, lwIP and Mbed TLS, in which nothing is Picket's: all that such programs use of
// altcp_tls.h, by themselves and through lwIP's HTTP and MQTT clients. It is compiled and linked with picket_altcp, and never run.
#ifndef SDK_WAY_H
#define SDK_WAY_H

#include <stdbool.h>

#define SERVER       "example.test"
#define CERTIFICATES "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"

bool by_altcp(void);
bool by_http_client(void);
bool by_mqtt(void);

#endif
