// mqtt.h: a message to a broker and back, by lwIP's own MQTT client over TLS.
#ifndef EXAMPLE_MQTT_H
#define EXAMPLE_MQTT_H

#include <stdbool.h>

#include "lwip/ip_addr.h"

// Begin: subscribe to "picket/example", publish a message of so many bytes there, and wait until it has come back.
// certificate (PEM) is the CA of the broker ("": the roots of the web), host its name.
bool mqtt_example_start(const ip_addr_t *broker, int port, const char *host, const char *certificate,
                        int bytes);

// Leave, when it is over.
void mqtt_example_stop(void);

// It is over; what happened has been printed.
extern bool mqtt_example_done;
extern bool mqtt_example_failed;

#endif
