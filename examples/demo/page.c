#include "page.h"

#include <stdbool.h>
#include <string.h>

#define MAGIC "PICKET-PAGE-0001"

struct layout {
    char magic[16];
    uint32_t len;
    uint32_t crc;
    char text[PAGE_TEXT];
};

static const struct layout the_page __attribute__((section(".picket_page"), aligned(4096), used)) = {0};

static char settings[2048]; // all lines but the certificates

// The compiler must not take those zeros for the page's contents, so it is not told where the address comes from.
static const struct layout *flash(void)
{
    const struct layout *address = &the_page;
    __asm__("" : "+r"(address));
    return address;
}

// The one of zlib and PNG.
static uint32_t crc32(const char *data, size_t len)
{
    uint32_t crc = ~0U;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

uint32_t page_number(const char *text, uint32_t max)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= max; text++)
        number = number * 10 + (uint32_t)(*text - '0');
    return *text == '\0' && number <= max ? (uint32_t)number : 0;
}

// The value of "name=value" if the line is one of that name.
static const char *value_of(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncmp(line, name, len) == 0 && line[len] == '=' ? line + len + 1 : NULL;
}

static const char *read_line(struct page *page, const char *line)
{
    const char *value;
    if ((value = value_of(line, "url")))
        page->url = value;
    else if ((value = value_of(line, "time")))
        page->time = value;
    else if ((value = value_of(line, "address")))
        page->address = value;
    else if ((value = value_of(line, "repeat")))
        return (page->repeat = page_number(value, 1000)) ? NULL : "repeat= is not a number";
    else if ((value = value_of(line, "timeout")))
        return (page->timeout_s = page_number(value, 86400)) ? NULL : "timeout= is not a number";
    else if (*line)
        return "a line of the page is unknown";
    return NULL;
}

static const char *read_lines(struct page *page)
{
    const char *wrong = NULL;
    for (char *line = settings, *end; line && !wrong; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        wrong = read_line(page, line);
    }
    return wrong ? wrong : page->url ? NULL : "the page has no url=";
}

// Where the line "ca=" begins, or the end of the text.
static size_t find_ca(const char *text, size_t len)
{
    for (size_t i = 0; i + 3 <= len; i++)
        if ((i == 0 || text[i - 1] == '\n') && memcmp(text + i, "ca=", 3) == 0)
            return i;
    return len;
}

const char *page_read(struct page *page)
{
    const struct layout *layout = flash();
    *page = (struct page){.repeat = 1, .timeout_s = 30};
    if (memcmp(layout->magic, MAGIC, sizeof layout->magic) != 0)
        return "there is no page (tools/demo-page writes it)";
    if (layout->len > PAGE_TEXT || layout->crc != crc32(layout->text, layout->len))
        return "the page is damaged";
    size_t ca = find_ca(layout->text, layout->len);
    if (ca >= sizeof settings || memchr(layout->text, '\0', layout->len))
        return "the page is too long, or not text";
    memcpy(settings, layout->text, ca);
    if (ca < layout->len) {
        page->ca = layout->text + ca + 3;
        page->ca_len = layout->len - ca - 3;
    }
    return read_lines(page);
}
