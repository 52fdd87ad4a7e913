// Nothing that X25519, or a key pair and a shared secret on P-256 and P-384, branches on, and no address in it, depends on the
// private key: valgrind runs this program again, with the key marked as memory that has not been written.
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
#include "kernels/ecdh.h"
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

static void x25519_does_not_depend_on_the_key(void)
{
    int code = in_valgrind("x25519");
    if (code == 127)
        SKIP("no valgrind");
    CHECK_INT(code, 0);
}

static void p256_does_not_depend_on_the_key(void)
{
    int code = in_valgrind("p256");
    if (code == 127)
        SKIP("no valgrind");
    CHECK_INT(code, 0);
}

static void p384_does_not_depend_on_the_key(void)
{
    int code = in_valgrind("p384");
    if (code == 127)
        SKIP("no valgrind");
    CHECK_INT(code, 0);
}

static void a_branch_would_be_seen(void)
{
    int code = in_valgrind("branch");
    if (code == 127)
        SKIP("no valgrind");
    CHECK_INT(code, FOUND);
}

int main(int argc, char **argv)
{
    program = argv[0];
    if (argc == 2 && strcmp(argv[1], "branch") == 0)
        return with_a_branch();
    if (argc == 2 && argv[1][0] == 'p')
        return with_secret_key_on(strcmp(argv[1], "p256") == 0 ? &curve_p256 : &curve_p384);
    if (argc == 2)
        return with_secret_key();
    RUN(x25519_does_not_depend_on_the_key);
    RUN(p256_does_not_depend_on_the_key);
    RUN(p384_does_not_depend_on_the_key);
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
