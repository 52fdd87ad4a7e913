// pin_list.h: the keys of --pinnedpubkey.
#ifndef PICKET_CLI_PIN_LIST_H
#define PICKET_CLI_PIN_LIST_H

#include "picket/trust.h"

// Put the pins of text, "sha256//BASE64", several of them with ';' between, or a file with a public key or a certificate
// (PEM or DER), into the store. 0, or an exit code with the reason said on stderr. What is allocated lives until
// pin_list_free.
int pin_list_load(picket_trust_t *store, const char *text);
void pin_list_free(picket_trust_t *store);

#endif
