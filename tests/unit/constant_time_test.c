// Nothing that X25519, a key pair and a shared secret on P-256 and P-384, the ciphers for records and SHA-256 branch on, and no
// address in them, depends on a key or on a text: valgrind runs this program again, with those marked as memory that has not been
// written.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_include) && !defined(__SANITIZE_ADDRESS__)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define CAN_MARK 1
#endif
#endif

#include "check.h"
#ifdef CAN_MARK
static uint32_t told(uint32_t differs)
{
    VALGRIND_MAKE_MEM_DEFINED(&differs, sizeof differs);
    return differs;
}
#define AEAD_TOLD(differs) told(differs)
#endif

#include "kernels/aes_gcm.c"
#include "kernels/chacha20_poly1305.c"
#include "kernels/ecdh.h"
#include "kernels/hash.h"
#include "kernels/x25519.h"

#define FOUND 9 // valgrind's exit code when there was something

#ifdef CAN_MARK

static const char *program;

static int with_secret_key(void)
{
    uint8_t out[32], key[32], peer[32] = {9};
    memset(key, 0x5a, sizeof key);
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    int error = x25519(out, key, peer, NULL);
    VALGRIND_MAKE_MEM_DEFINED(&error, sizeof error);
    VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    return error == 0 && out[0] != 0 ? 0 : 1;
}

static int with_secret_key_alone(void)
{
    uint8_t out[32], key[32];
    memset(key, 0x5a, sizeof key);
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    int error = x25519_public(out, key, NULL);
    VALGRIND_MAKE_MEM_DEFINED(&error, sizeof error);
    VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    return error == 0 && out[0] != 0 ? 0 : 1;
}

static struct {
    uint8_t key[32], nonce[12], aad[13], text[300], tag[AEAD_TAG];
} sealed;

// Sealed in place, opened, and refused with another tag.
static int with_secret_text(void (*seal)(const struct aead_text *), bool (*open)(const struct aead_text *))
{
    struct aead_text record = {sealed.aad, sizeof sealed.aad, sealed.text, sealed.text, sizeof sealed.text};
    memset(sealed.key, 0x5a, sizeof sealed.key);
    VALGRIND_MAKE_MEM_UNDEFINED(sealed.key, sizeof sealed.key);
    VALGRIND_MAKE_MEM_UNDEFINED(sealed.text, sizeof sealed.text);
    seal(&record);
    uint8_t first = sealed.tag[0];
    VALGRIND_MAKE_MEM_DEFINED(&first, 1);
    if (!open(&record))
        return 1;
    seal(&record);
    sealed.tag[0] ^= 1;
    return !open(&record) && first != 0 ? 0 : 1;
}

static void chacha_seal(const struct aead_text *record)
{
    chacha20_poly1305_seal(sealed.key, sealed.nonce, record, sealed.tag);
}

static bool chacha_open(const struct aead_text *record)
{
    return chacha20_poly1305_open(sealed.key, sealed.nonce, record, sealed.tag);
}

static void gcm_seal(const struct aead_text *record)
{
    struct aes_gcm_key key = {sealed.key, 32, sealed.nonce, sizeof sealed.nonce};
    aes_gcm_seal(&key, record, sealed.tag);
}

static bool gcm_open(const struct aead_text *record)
{
    struct aes_gcm_key key = {sealed.key, 32, sealed.nonce, sizeof sealed.nonce};
    return aes_gcm_open(&key, record, sealed.tag);
}

// Its public key's x and, with the base point as the peer, its shared secret are the same.
static int with_secret_key_on(const curve_t *curve)
{
    static ecdh_work_t work;
    uint8_t public[96], out[96], key[48] = {0};
    size_t size = 4 * (size_t)curve->limbs;
    key[size - 1] = 1;
    int error = ecdh_public_key(curve, &work, public, key, NULL);
    memset(key, 0x5a, sizeof key);
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    int one = ecdh_public_key(curve, &work, out, key, NULL);
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    int two = ecdh_shared_secret(curve, &work, out + size, key, public, NULL);
    VALGRIND_MAKE_MEM_DEFINED(&one, sizeof one);
    VALGRIND_MAKE_MEM_DEFINED(&two, sizeof two);
    VALGRIND_MAKE_MEM_DEFINED(out, sizeof out);
    return error == 0 && one == 0 && two == 0 && memcmp(out, out + size, size) == 0 ? 0 : 1;
}

static int with_a_branch(void)
{
    volatile uint8_t key[1] = {1};
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    if (key[0] != 0)
        puts("# a branch");
    return 0;
}

// The exit code of this program with that argument, in valgrind; 127 when there is no valgrind.
static int in_valgrind(const char *argument)
{
    char code[32];
    snprintf(code, sizeof code, "--error-exitcode=%d", FOUND);
    pid_t child = fork();
    if (child == 0) {
        execlp("valgrind", "valgrind", "-q", code, program, argument, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void finds(const char *argument, int wanted)
{
    int code = in_valgrind(argument);
    if (code == 127)
        SKIP("no valgrind");
    CHECK_INT(code, wanted);
}

static void x25519_does_not_depend_on_the_key(void)
{
    finds("x25519", 0);
    finds("x25519_public", 0);
}

static void p256_does_not_depend_on_the_key(void)
{
    finds("p256", 0);
}

static void p384_does_not_depend_on_the_key(void)
{
    finds("p384", 0);
}

static void chacha20_poly1305_does_not_depend_on_key_and_text(void)
{
    finds("chacha20_poly1305", 0);
}

static void aes_gcm_does_not_depend_on_key_and_text(void)
{
    finds("aes_gcm", 0);
}

static void sha256_does_not_depend_on_the_block(void)
{
    finds("sha256", 0);
}

static void a_branch_would_be_seen(void)
{
    finds("branch", FOUND);
}

static int with_secret_block(void)
{
    uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t block[SHA256_BLOCK];
    memset(block, 0x5a, sizeof block);
    VALGRIND_MAKE_MEM_UNDEFINED(block, sizeof block);
    kernel_sha256(state, block);
    VALGRIND_MAKE_MEM_DEFINED(state, sizeof state);
    return state[0] != 1 ? 0 : 1;
}

static int run_in_valgrind(const char *what)
{
    if (strcmp(what, "branch") == 0)
        return with_a_branch();
    if (strcmp(what, "chacha20_poly1305") == 0)
        return with_secret_text(chacha_seal, chacha_open);
    if (strcmp(what, "aes_gcm") == 0)
        return with_secret_text(gcm_seal, gcm_open);
    if (strcmp(what, "sha256") == 0)
        return with_secret_block();
    if (strcmp(what, "p256") == 0)
        return with_secret_key_on(&curve_p256);
    if (strcmp(what, "p384") == 0)
        return with_secret_key_on(&curve_p384);
    if (strcmp(what, "x25519_public") == 0)
        return with_secret_key_alone();
    return with_secret_key();
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 2)
        return run_in_valgrind(argv[1]);
    RUN(x25519_does_not_depend_on_the_key);
    RUN(p256_does_not_depend_on_the_key);
    RUN(p384_does_not_depend_on_the_key);
    RUN(chacha20_poly1305_does_not_depend_on_key_and_text);
    RUN(aes_gcm_does_not_depend_on_key_and_text);
    RUN(sha256_does_not_depend_on_the_block);
    RUN(a_branch_would_be_seen);
    return check_done();
}

#else

int main(void)
{
    puts("skip constant time: built without valgrind's headers, or with the address sanitizer");
    return 0;
}

#endif
