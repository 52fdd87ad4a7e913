// Nothing that X25519 branches on, and no address in it, depends on the private key: valgrind runs this program again, with
// the key marked as memory that has not been written.
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
    if (argc == 2)
        return strcmp(argv[1], "branch") == 0 ? with_a_branch() : with_secret_key();
    RUN(x25519_does_not_depend_on_the_key);
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
