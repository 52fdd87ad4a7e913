# The library picket_trust_web: the roots that are believed for TLS servers, as a table in flash for programs that name it.
#
# They are looked for in this order; a status line says what was found, and the build prints the date of the set.
#   1. PICKET_ROOTS: a CMake variable or an environment variable: Mozilla's certdata.txt, a file with PEM, or a folder
#   2. what an earlier build fetched, in build/deps
#   3. the newest ca-certificates of the Debian mirror of this machine, where it has one (tools/debian-source)
#   4. the bundle of this system
# Without any of them the library is empty, and a program that names picket_trust_web does not link.

include_guard(GLOBAL)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(PICKET_SYSTEM_BUNDLES
    /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem)

function(picket_fetch_roots folder)
    file(LOCK "${PICKET_DEPS_DIR}/.lock" TIMEOUT 1200)
    if(NOT EXISTS "${folder}" AND NOT PICKET_FETCH_FROM STREQUAL "upstream")
        message(STATUS "web roots: asking the Debian mirror")
        execute_process(
            COMMAND sh "${PICKET_TOP}/tools/debian-source" ca-certificates "${folder}"
            OUTPUT_VARIABLE from OUTPUT_STRIP_TRAILING_WHITESPACE
            ERROR_VARIABLE trouble ERROR_STRIP_TRAILING_WHITESPACE
            RESULT_VARIABLE failed)
        if(failed)
            message(STATUS "${trouble}")
        else()
            file(WRITE "${folder}.origin" "${from}\n")
        endif()
    endif()
    file(LOCK "${PICKET_DEPS_DIR}/.lock" RELEASE)
endfunction()

# Sets PICKET_ROOTS_SOURCE; empty: there are none.
function(picket_find_roots)
    set(given "${PICKET_ROOTS}")
    if(NOT given)
        set(given "$ENV{PICKET_ROOTS}")
    endif()
    if(given)
        get_filename_component(given "${given}" ABSOLUTE BASE_DIR "${CMAKE_SOURCE_DIR}")
        if(NOT EXISTS "${given}")
            message(FATAL_ERROR "PICKET_ROOTS is ${given}, but there is no such file or folder.")
        endif()
    else()
        set(given "${PICKET_DEPS_DIR}/ca-certificates")
        picket_fetch_roots("${given}")
        foreach(bundle IN LISTS PICKET_SYSTEM_BUNDLES)
            if(NOT EXISTS "${given}")
                set(given "${bundle}")
            endif()
        endforeach()
    endif()
    if(NOT EXISTS "${given}")
        message(STATUS "web roots: none found; set PICKET_ROOTS, or do without picket_trust_web")
        set(given "")
    else()
        message(STATUS "web roots: from ${given}")
    endif()
    set(PICKET_ROOTS_SOURCE "${given}" PARENT_SCOPE)
endfunction()

picket_find_roots()
if(PICKET_ROOTS_SOURCE)
    set(roots_c "${PROJECT_BINARY_DIR}/picket_trust_web.c")
    # A folder has the package's own old time. Its origin has the time when it was fetched; and when it is removed, it is
    # fetched anew.
    set(changes "${PICKET_ROOTS_SOURCE}")
    if(EXISTS "${PICKET_ROOTS_SOURCE}.origin")
        set(changes "${PICKET_ROOTS_SOURCE}.origin")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PICKET_ROOTS_SOURCE}" "${changes}")
    endif()
    add_custom_command(
        OUTPUT "${roots_c}"
        COMMAND Python3::Interpreter "${PROJECT_SOURCE_DIR}/tools/make-roots" "${PICKET_ROOTS_SOURCE}" "${roots_c}"
        DEPENDS "${changes}" "${PROJECT_SOURCE_DIR}/tools/make-roots" "${PROJECT_SOURCE_DIR}/tools/rootstore.py"
        VERBATIM)
else()
    set(roots_c "${PROJECT_BINARY_DIR}/picket_no_roots.c")
    file(WRITE "${roots_c}" "typedef int picket_no_roots;\n")
endif()
add_library(picket_trust_web STATIC "${roots_c}")
picket_our_code(picket_trust_web)
target_include_directories(picket_trust_web PUBLIC "${PROJECT_SOURCE_DIR}/include")
