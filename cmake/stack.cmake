# picket_stack(SUFFIX [EXCLUDE_FROM_ALL] [definitions...])
#
# lwIP and all that depends on its options, compiled with these definitions: the libraries lwip<SUFFIX>,
# picket_lwip<SUFFIX> (lwIP's side of Picket) and picket_linux<SUFFIX> (the Linux port), and the program
# picket<SUFFIX>. A folder that holds no source yet is left out.

include_guard(GLOBAL)

# Not by pkg-config: Debian 12's slirp.pc asks for glib's development files, which nothing here needs.
find_path(SLIRP_INCLUDE libslirp.h PATH_SUFFIXES slirp)
find_library(SLIRP_LIBRARY slirp)
if(NOT SLIRP_INCLUDE OR NOT SLIRP_LIBRARY)
    message(FATAL_ERROR "libslirp is missing (Debian's package libslirp-dev): the Linux port stands on it.")
endif()
add_library(slirp INTERFACE) # its headers; the library itself is in the group below
target_include_directories(slirp SYSTEM INTERFACE "${SLIRP_INCLUDE}")

set(LWIP_DIR_GIVEN "${LWIP_DIR}")
set(LWIP_DIR "${PICKET_LWIP_DIR}")
include("${PICKET_LWIP_DIR}/src/Filelists.cmake")
set(LWIP_DIR "${LWIP_DIR_GIVEN}")

# picket_library(TARGET SOURCES...): a static library of ours, or an empty stand-in when there are no sources.
# SCOPE is set to how to give it properties.
function(picket_library target)
    if(ARGN)
        add_library(${target} STATIC ${ARGN})
        picket_our_code(${target})
        set(SCOPE PUBLIC PARENT_SCOPE)
    else()
        add_library(${target} INTERFACE)
        set(SCOPE INTERFACE PARENT_SCOPE)
    endif()
endfunction()

# The libraries refer to each other both ways (Mbed TLS allocates from the arena, lwIP asks the port for the
# time, the core for its default port), so a program takes them as one group. scope: INTERFACE hands them on.
function(picket_link_stack program suffix)
    set(scope PRIVATE)
    if(ARGC GREATER 2)
        set(scope ${ARGV2})
    endif()
    target_link_libraries(${program} ${scope}
        picket_linux${suffix} picket_lwip${suffix} lwip${suffix} picket_core
        "$<LINK_GROUP:RESCAN,${PICKET_GROUP${suffix}},picket_core,picket_trust_web,mbedtls,llhttp,${SLIRP_LIBRARY}>")
endfunction()

function(picket_stack suffix)
    cmake_parse_arguments(PARSE_ARGV 1 STACK "EXCLUDE_FROM_ALL" "" "")
    set(definitions ${STACK_UNPARSED_ARGUMENTS})

    add_library(lwip${suffix} STATIC
        ${lwipcore_SRCS} ${lwipcore4_SRCS} ${lwipcore6_SRCS} "${PICKET_LWIP_DIR}/src/netif/ethernet.c")
    target_include_directories(lwip${suffix} SYSTEM PUBLIC "${PICKET_LWIP_DIR}/src/include")
    target_include_directories(lwip${suffix}
        PUBLIC "${PROJECT_SOURCE_DIR}/config" "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/port/linux")
    target_compile_definitions(lwip${suffix} PUBLIC ${definitions})
    target_compile_options(lwip${suffix} PRIVATE -w)
    picket_optimize(lwip${suffix})
    set(group lwip${suffix})
    set(targets lwip${suffix})

    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/port/lwip/*.c")
    picket_library(picket_lwip${suffix} ${sources})
    target_include_directories(picket_lwip${suffix} ${SCOPE} "${PROJECT_SOURCE_DIR}/port/lwip")
    target_link_libraries(picket_lwip${suffix} ${SCOPE} lwip${suffix} picket_core)
    if(sources)
        list(PREPEND group picket_lwip${suffix})
        list(APPEND targets picket_lwip${suffix})
    endif()

    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/port/linux/*.c" "${PROJECT_SOURCE_DIR}/port/linux/*.S")
    picket_library(picket_linux${suffix} ${sources})
    target_include_directories(picket_linux${suffix} ${SCOPE} "${PROJECT_SOURCE_DIR}/port/linux")
    target_link_libraries(picket_linux${suffix} ${SCOPE} picket_lwip${suffix} slirp)
    if(sources)
        set_target_properties(picket_linux${suffix} PROPERTIES C_EXTENSIONS ON)
        list(PREPEND group picket_linux${suffix})
        list(APPEND targets picket_linux${suffix})
    endif()
    string(REPLACE ";" "," group "${group}")
    set(PICKET_GROUP${suffix} "${group}" PARENT_SCOPE)
    set(PICKET_GROUP${suffix} "${group}")

    file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/cli/*.c")
    if(sources)
        # The default program is called picket_cli as a target: picket is the library that applications link.
        set(program picket_cli${suffix})
        add_executable(${program} ${sources})
        picket_our_code(${program})
        set_target_properties(${program} PROPERTIES
            C_EXTENSIONS ON
            OUTPUT_NAME picket${suffix}
            RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
        target_include_directories(${program} PRIVATE "${PROJECT_SOURCE_DIR}/cli")
        picket_link_stack(${program} "${suffix}")
        list(APPEND targets ${program})
    endif()

    if(STACK_EXCLUDE_FROM_ALL)
        set_target_properties(${targets} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    endif()
endfunction()
