#include <stdint.h>
#include <string.h>

#include "mps2_machine.h"
#include "mps2_semihosting.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_READ = 0x06, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20 };
enum { READ_BINARY = 1, APPLICATION_EXIT = 0x20026 };

static int32_t call(uint32_t operation, const void *arguments)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = arguments;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

void picket_mps2_exit(int code)
{
    uint32_t arguments[] = {APPLICATION_EXIT, (uint32_t)code};
    call(SYS_EXIT_EXTENDED, arguments);
    for (;;)
        picket_mps2_sleep();
}

// SYS_READ returns the number of bytes that it did not read.
int picket_mps2_read_file(const char *path, void *buf, size_t len)
{
    uint32_t name[] = {(uint32_t)(uintptr_t)path, READ_BINARY, strlen(path)};
    int32_t file = call(SYS_OPEN, name);
    if (file < 0)
        return -1;
    uint32_t place[] = {(uint32_t)file, (uint32_t)(uintptr_t)buf, len};
    int32_t missing = call(SYS_READ, place);
    uint32_t end[] = {(uint32_t)file};
    call(SYS_CLOSE, end);
    return missing == 0 ? 0 : -1;
}

int picket_mps2_argument(char *text, size_t len)
{
    uint32_t place[] = {(uint32_t)(uintptr_t)text, len};
    return call(SYS_GET_CMDLINE, place) == 0 ? 0 : -1;
}
