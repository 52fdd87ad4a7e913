// host.c: main for the tutorial's fetch.c on Linux, in the place of its main.c. fetch HOST PORT [FILE], a file of certificates
// (PEM) to believe. Every name is 127.0.0.1. Without PICKET_ALTCP it is lwIP's own TLS layer that runs, on the netif of
// Picket's port and on nothing else of Picket's; then the environment says what the board would lack:
//   CLOCK=SECONDS   the time of day
//   NO_ENTROPY=1    mbedtls_hardware_poll fails
//   NO_PSA=1        psa_crypto_init is not called
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lwip/dns.h"
#include "psa/crypto.h"

bool fetch_start(const char *host, unsigned port, const char *ca);
extern bool fetch_done;
err_t host_lookup(const char *host, ip_addr_t *address, dns_found_callback found, void *arg);

static char certificates[65536];

// fetch.c is compiled with this as its dns_gethostbyname.
err_t host_lookup(const char *host, ip_addr_t *address, dns_found_callback found, void *arg)
{
    (void)host;
    (void)found;
    (void)arg;
    return ipaddr_aton("127.0.0.1", address) ? ERR_OK : ERR_VAL;
}

#if PICKET_ALTCP

#include "picket/port.h"

static void start(void)
{
}

static void serve(void)
{
    const picket_port_t *port = picket_port_default();
    port->wait(port->ctx, port->poll(port->ctx));
}

#else

#include <mbedtls/platform_time.h>
#include <time.h>

#include "linux_clock.h"
#include "linux_nat.h"
#include "linux_netif.h"
#include "lwip/timeouts.h"

int mbedtls_hardware_poll(void *data, unsigned char *out, size_t len, size_t *got);
time_t __wrap_time(time_t *t);
time_t __real_time(time_t *t);

int mbedtls_hardware_poll(void *data, unsigned char *out, size_t len, size_t *got)
{
    (void)data;
    *got = len;
    return getenv("NO_ENTROPY") != NULL ? -1 : picket_linux_random(NULL, out, len);
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return picket_linux_millis(NULL);
}

time_t __wrap_time(time_t *t)
{
    const char *given = getenv("CLOCK");
    time_t now = given != NULL ? (time_t)atol(given) : __real_time(NULL);
    if (t != NULL)
        *t = now;
    return now;
}

static void start(void)
{
    picket_linux_netif_up(false);
}

static void serve(void)
{
    sys_check_timeouts();
    picket_linux_netif_feed();
    uint32_t ms = sys_timeouts_sleeptime();
    picket_linux_nat_poll(ms < 50 ? ms : 50);
    picket_linux_netif_feed();
}

#endif

static const char *read_file(const char *name)
{
    FILE *file = fopen(name, "r");
    if (file == NULL)
        exit(2);
    (void)fread(certificates, 1, sizeof certificates - 1, file);
    fclose(file);
    return certificates;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    start();
    if (getenv("NO_PSA") == NULL) {
        psa_status_t status = psa_crypto_init();
        if (status != PSA_SUCCESS)
            printf("psa_crypto_init: %d\n", (int)status);
    }
    if (!fetch_start(argv[1], (unsigned)atoi(argv[2]), argc > 3 ? read_file(argv[3]) : NULL)) {
        printf("cannot start\n");
        return 1;
    }
    while (!fetch_done)
        serve();
    for (int i = 0; i < 5; i++)
        serve(); // the goodbye
    return 0;
}
