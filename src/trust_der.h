// trust_der.h: as much DER as it takes to find a certificate's subject without parsing it, and to look at
// what Mbed TLS leaves out when it does.
#ifndef PICKET_TRUST_DER_H
#define PICKET_TRUST_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One element: its tag, its contents, and its whole length with the header.
typedef struct der {
    uint8_t tag;
    const uint8_t *body;
    size_t len;
    size_t whole;
} der_t;

// Read the element at the front of bytes. False when it is malformed, longer than what there is, or not DER
// (indefinite or non-minimal length).
bool der_read(const uint8_t *bytes, size_t len, der_t *element);

// Read the element at *bytes, and step behind it.
bool der_next(const uint8_t **bytes, size_t *len, der_t *element);

// The same, and false when it has another tag.
bool der_take(const uint8_t **bytes, size_t *len, uint8_t tag, der_t *element);

// The length of the certificate at the front of bytes, and the place of its subject (a name, header included)
// in it. False when there is none.
bool der_certificate(const uint8_t *bytes, size_t len, size_t *whole, const uint8_t **subject,
                     size_t *subject_len);

// The key of the certificate, or the SubjectPublicKeyInfo itself, that is all of bytes; its place (header included) there.
// False when it is neither.
bool der_key(const uint8_t *bytes, size_t len, const uint8_t **key, size_t *key_len);

// Where the two names of the algorithm that signed it stand in a certificate: inside what is signed, and
// behind it. Each is an AlgorithmIdentifier (header included). False when it is not a certificate.
bool der_signature_names(const uint8_t *bytes, size_t len, const uint8_t *names[2]);

// One extension of a certificate (RFC 5280 4.1). id is the last number of one of X.509's own (2.5.29.id, at
// most 127), or 0: then oid tells.
typedef struct der_extension {
    uint8_t id;
    bool critical;
    der_t oid;
    der_t value; // the OCTET STRING
} der_extension_t;

// Read the extension at *bytes, of those inside the SEQUENCE, and step behind it.
bool der_next_extension(const uint8_t **bytes, size_t *len, der_extension_t *extension);

#endif
