// version.c: see version.h.
#include "version.h"

#include <llhttp.h>
#include <lwip/init.h>

#include "picket/picket.h"

void version_print(FILE *out)
{
    fprintf(out, "picket %s lwIP/%s %s llhttp/%d.%d.%d\n", PICKET_VERSION, LWIP_VERSION_STRING,
            picket_tls_library(), LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH);
    fprintf(out, "Roots: %s\n", picket_trust_web_origin);
    fprintf(out, "Protocols: http https (TLS 1.2 and 1.3)\n");
}
