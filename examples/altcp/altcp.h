// altcp.h: a page, by lwIP's altcp_tls.h.
#ifndef EXAMPLE_ALTCP_H
#define EXAMPLE_ALTCP_H

#include <stdbool.h>

// Begin to ask server (an address, or a name to be looked up) for a page of host, whose certificate is believed when it
// leads to this one (PEM; "": any of the web's roots). What is read is printed.
bool altcp_example_start(const char *server, int port, const char *host, const char *certificate);

// It is over; what happened has been printed.
extern bool altcp_example_done;

#endif
