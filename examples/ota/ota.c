// ota: fetch a new firmware, or the rest of it, and believe it only when it is whole and signed (docs/OTA.md).
#include <inttypes.h>
#include <stdio.h>

#include "ota.h"

// The signature, 70 to 72 bytes of DER. Its length, or an error.
static int fetch_signature(picket_t *client, const char *url, uint8_t *signature, size_t room)
{
    char name[256];
    if (snprintf(name, sizeof name, "%s.sig", url) >= (int)sizeof name)
        return PICKET_ERR_URL;
    picket_http_t http = {0};
    picket_http_start(&http, client, &(picket_request_t){.url = name});
    size_t len = 0;
    int n = 1;
    while (n > 0 && len < room) {
        n = picket_http_read_blocking(&http, signature + len, room - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (n >= 0 && picket_http_status(&http) != 200)
        n = PICKET_ERR_STATUS;
    picket_http_close(&http);
    return n < 0 ? n : (int)len;
}

static int fetch_file(picket_t *client, picket_download_request_t *request)
{
    static picket_download_t download;
    request->sink.ctx = &download;
    picket_download_start(&download, client, request);
    int result = picket_download_blocking(&download);
    printf("ota: %" PRIu32 " bytes stored, %" PRIu32 " of them before; %u requests; %s\n",
           (uint32_t)picket_download_written(&download), (uint32_t)request->offset,
           picket_download_attempts(&download), picket_download_detail(&download).text);
    if (result == 0)
        store_done((uint32_t)picket_download_written(&download));
    else if (result == PICKET_ERR_SIGNATURE || result == PICKET_ERR_CHANGED || result == PICKET_ERR_ARG)
        store_forget();
    picket_download_close(&download);
    return result;
}

int ota_update(picket_t *client, const char *url, const void *key, size_t key_len)
{
    uint8_t signature[80];
    int result = fetch_signature(client, url, signature, sizeof signature);
    if (result >= 0) {
        picket_download_request_t request = {
            .http = {.url = url}, .public_key = key, .public_key_len = key_len, .signature = signature};
        request.signature_len = (size_t)result;
        store_open(&request);
        result = fetch_file(client, &request);
    }
    printf("ota: %s\n", result == 0 ? "verified" : picket_strerror(result));
    return result;
}
