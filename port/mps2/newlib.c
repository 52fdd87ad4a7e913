// What newlib asks of an operating system. Only what a program here has use for is there: output, memory, the
// end.
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "mps2_console.h"
#include "mps2_semihosting.h"

// sections.ld
extern char picket_heap_begin[];
extern char picket_heap_end[];

int _write(int file, const char *data, int len);
int _read(int file, char *data, int len);
int _close(int file);
int _lseek(int file, int offset, int whence);
int _fstat(int file, void *status);
int _isatty(int file);
int _getpid(void);
int _kill(int process, int signal);
void *_sbrk(ptrdiff_t more);
_Noreturn void _exit(int code);

int _write(int file, const char *data, int len)
{
    (void)file;
    picket_mps2_write(data, (size_t)len);
    return len;
}

int _read(int file, char *data, int len)
{
    (void)file;
    (void)data;
    (void)len;
    return 0;
}

int _close(int file)
{
    (void)file;
    return -1;
}

int _lseek(int file, int offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return 0;
}

// Not known what it is, so that stdio asks _isatty.
int _fstat(int file, void *status)
{
    (void)file;
    (void)status;
    return -1;
}

int _isatty(int file)
{
    (void)file;
    return 1;
}

int _getpid(void)
{
    return 1;
}

int _kill(int process, int signal)
{
    (void)process;
    (void)signal;
    picket_mps2_panic("abort");
}

void *_sbrk(ptrdiff_t more)
{
    static char *end = picket_heap_begin;
    if (more > picket_heap_end - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *begin = end;
    end += more;
    return begin;
}

void _exit(int code)
{
    picket_mps2_exit(code);
}
