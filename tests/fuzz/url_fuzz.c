// URLs: what is taken is inside the text, is what it says it is, and the same when it is put together and read again.
#include "fuzz.h"
#include "picket/options.h"
#include "picket/error.h"
#include "url.h"

static bool is_inside(const char *part, size_t part_len, const char *text, size_t len)
{
    return part >= text && part_len <= len && (size_t)(part - text) <= len - part_len;
}

static void check(const url_t *url, const char *text, size_t len)
{
    picket_address_t address;
    HOLDS(len <= PICKET_URL_MAX && url->port != 0);
    HOLDS(url->host_len > 0 && url->host_len <= PICKET_HOST_MAX &&
          is_inside(url->host, url->host_len, text, len));
    HOLDS(url->target_len == 0 || is_inside(url->target, url->target_len, text, len));
    HOLDS(url->port_given == (url->port != (url->secure ? 443 : 80)));
    HOLDS(url->is_literal == url_parse_address(url->host, url->host_len, &address));
    HOLDS(url->is_literal != url_is_host_name(url->host, url->host_len));
    for (size_t i = 0; i < url->target_len; i++)
        HOLDS(url->target[i] > ' ' && url->target[i] <= '~' && url->target[i] != '#');
}

static void put_together(const url_t *url, char *text, size_t size)
{
    bool six = url->is_literal && url->address.family == 6;
    int n = snprintf(text, size, "%s://%s%.*s%s:%u%.*s", url->secure ? "https" : "http", six ? "[" : "",
                     (int)url->host_len, url->host, six ? "]" : "", url->port, (int)url->target_len,
                     url->target_len > 0 ? url->target : "");
    HOLDS(n > 0 && (size_t)n < size);
}

static void check_again(const url_t *url)
{
    static char text[PICKET_URL_MAX + 100];
    url_t again;
    put_together(url, text, sizeof text);
    if (strlen(text) > PICKET_URL_MAX)
        return;
    HOLDS(url_parse(text, &again, NULL) == 0);
    HOLDS(again.secure == url->secure && again.port == url->port && again.is_literal == url->is_literal);
    HOLDS(again.host_len == url->host_len && memcmp(again.host, url->host, url->host_len) == 0);
    HOLDS(again.target_len == url->target_len &&
          (url->target_len == 0 || memcmp(again.target, url->target, url->target_len) == 0));
    HOLDS(!url->is_literal || memcmp(&again.address, &url->address, sizeof url->address) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    url_t url;
    picket_address_t address;
    const char *why = NULL;
    char *text = fuzz_text(data, len);
    int error = url_parse(text, &url, &why);
    HOLDS(error == 0 || error == PICKET_ERR_URL || error == PICKET_ERR_SCHEME);
    HOLDS(error == 0 || (why != NULL && (why[0] != '\0' || error == PICKET_ERR_SCHEME)));
    if (error == 0) {
        check(&url, text, strlen(text));
        check_again(&url);
    }
    HOLDS(!(url_parse_address(text, strlen(text), &address) && url_is_host_name(text, strlen(text))));
    free(text);
    return 0;
}
