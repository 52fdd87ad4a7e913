// form.c: see form.h.
#include "form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exit_code.h"
#include "file.h"
#include "memory.h"
#include "message.h"

static void append(struct form *form, const char *bytes, size_t len)
{
    form->bytes = memory_resize(form->bytes, form->len + len + 1);
    memcpy(form->bytes + form->len, bytes, len);
    form->len += len;
}

// As curl does it: text files lose CR, LF and NUL.
static size_t strip(char *bytes, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++)
        if (bytes[i] != '\r' && bytes[i] != '\n' && bytes[i] != '\0')
            bytes[kept++] = bytes[i];
    return kept;
}

static int append_file(struct form *form, const struct data_part *part)
{
    const char *const path = part->text + 1;
    char *bytes;
    size_t len;
    const int failed = file_read(path, SIZE_MAX / 4, &bytes, &len);

    if (failed != 0) {
        message_line("%s: cannot be read: %s", path, strerror(failed));
        return EXIT_READ;
    }
    append(form, bytes, part->kind == DATA_TEXT ? strip(bytes, len) : len);
    free(bytes);
    return 0;
}

static bool is_file(const struct data_part *part)
{
    return part->kind != DATA_RAW && part->text[0] == '@';
}

// A single file that is sent as it is and whose length is known needs no memory.
static bool can_stream(const struct options *options)
{
    struct stat status;

    return options->data_count == 1 && options->data[0].kind == DATA_BINARY && is_file(options->data) &&
           strcmp(options->data[0].text, "@-") != 0 && stat(options->data[0].text + 1, &status) == 0 &&
           S_ISREG(status.st_mode);
}

int form_load(struct form *form, const struct options *options)
{
    if (can_stream(options)) {
        form->file = options->data[0].text + 1;
        return 0;
    }
    for (size_t i = 0; i < options->data_count; i++) {
        const struct data_part *const part = &options->data[i];
        int failed = 0;
        if (i > 0)
            append(form, "&", 1);
        if (is_file(part))
            failed = append_file(form, part);
        else
            append(form, part->text, strlen(part->text));
        if (failed != 0)
            return failed;
    }
    return 0;
}

void form_free(struct form *form)
{
    free(form->bytes);
    memset(form, 0, sizeof *form);
}
