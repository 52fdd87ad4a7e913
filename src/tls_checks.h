// tls_checks.h: what Picket refuses to be compiled with. An application may replace the configuration of Mbed
// TLS (config/picket_mbedtls.h) and Mbed TLS itself, so these are checked where they are used. Include
// mbedtls/build_info.h before.
#ifndef PICKET_TLS_CHECKS_H
#define PICKET_TLS_CHECKS_H

#ifndef MBEDTLS_VERSION_NUMBER
#error "include mbedtls/build_info.h before tls_checks.h"
#endif

// 3.6.5 takes, in TLS 1.2, signatures by algorithms that were not offered, SHA-1 among them (CVE-2026-25834).
// 3.6.6 rejects RSA-PSS in TLS 1.2 (Mbed TLS issue 10668), takes certificates with malformed basicConstraints
// for CAs (CVE-2026-49300), and ignores a failed hash in the extended master secret (CVE-2026-50581).
#if MBEDTLS_VERSION_NUMBER < 0x03060700
#error "Mbed TLS 3.6.7 or a later 3.6 is needed: CVE-2026-25834 (3.6.5), CVE-2026-49300 and -50581 (3.6.6)"
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "Mbed TLS 4 is not supported yet: 3.6.7 or a later 3.6 is needed"
#endif

// Speed: without these two a handshake takes five times as long.
#ifndef MBEDTLS_ECP_NIST_OPTIM
#error "MBEDTLS_ECP_NIST_OPTIM is missing from the configuration: handshakes would take many times as long"
#endif
#ifndef MBEDTLS_HAVE_ASM
#error "MBEDTLS_HAVE_ASM is missing from the configuration: handshakes would take many times as long"
#endif

// Verification: without these Mbed TLS compiles, and checks less.
#ifndef MBEDTLS_HAVE_TIME_DATE
#error "MBEDTLS_HAVE_TIME_DATE is missing from the configuration: expired certificates would be accepted"
#endif
#ifndef MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
#error "MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK is missing from the configuration: no anchor would be found"
#endif
// Without its own curves Mbed TLS 3.6 does not define it (config/picket_mbedtls.h).
#if defined(MBEDTLS_SSL_PROTO_TLS1_2) && !defined(MBEDTLS_SSL_TLS1_2_SOME_ECC)
#error "MBEDTLS_SSL_TLS1_2_SOME_ECC is missing from the configuration: TLS 1.2 would name no groups"
#endif
#ifdef MBEDTLS_TEST_NULL_ENTROPY
#error "MBEDTLS_TEST_NULL_ENTROPY is set in the configuration: keys would not be secret"
#endif
#ifndef MBEDTLS_ENTROPY_HARDWARE_ALT
#error "MBEDTLS_ENTROPY_HARDWARE_ALT is missing from the configuration: the port's entropy would not be used"
#endif
#ifndef MBEDTLS_USE_PSA_CRYPTO
#error "MBEDTLS_USE_PSA_CRYPTO is missing from the configuration: Picket does all cryptography through PSA"
#endif

#endif
