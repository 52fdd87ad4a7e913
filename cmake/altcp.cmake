# lwIP's altcp with Picket as its TLS layer, on Linux: the stack with the suffix -altcp, and picket_altcp, which an
# application links in place of picket.

include_guard(GLOBAL)

# picket_altcp_stack(SUFFIX [definitions...]): a stack with altcp in it, and picket_altcp<SUFFIX> on top of it.
macro(picket_altcp_stack suffix)
    picket_stack(${suffix} EXCLUDE_FROM_ALL PICKET_ALTCP=1 ${ARGN})
    # altcp_tls.h shows Mbed TLS's types.
    target_link_libraries(lwip${suffix} PUBLIC picket_core)
    file(GLOB altcp_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/port/lwip/altcp/*.c")
    add_library(picket_altcp_layer${suffix} STATIC EXCLUDE_FROM_ALL ${altcp_sources})
    picket_our_code(picket_altcp_layer${suffix})
    target_link_libraries(picket_altcp_layer${suffix} PUBLIC picket_lwip${suffix})
    set(PICKET_GROUP${suffix} "picket_altcp_layer${suffix},${PICKET_GROUP${suffix}}")
endmacro()

picket_altcp_stack(-altcp)

# lwIP's own clients, as they are.
add_library(lwip_apps-altcp STATIC EXCLUDE_FROM_ALL
    "${PICKET_LWIP_DIR}/src/apps/mqtt/mqtt.c" "${PICKET_LWIP_DIR}/src/apps/http/http_client.c")
target_compile_options(lwip_apps-altcp PRIVATE -w)
target_link_libraries(lwip_apps-altcp PUBLIC lwip-altcp)
add_library(picket_altcp INTERFACE)
picket_link_stack(picket_altcp -altcp INTERFACE)
target_link_libraries(picket_altcp INTERFACE picket_altcp_layer-altcp)
