# The compiler, the modes and the warnings. Only clang 19 or newer: Debian's g++ 12 miscompiles C++ coroutines, which the house may use
# (docs/adr/0005-callbacks.md).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR
    "Reveille is built with clang 19 or newer; this is ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. "
    "Debian's g++ 12 miscompiles C++ coroutines (wrong results and double frees), so it is refused. "
    "Run './dev setup', then './dev build'.")
endif()

set(REVEILLE_MODE "release" CACHE STRING "dev, release, asan, tsan or fuzz")
set_property(CACHE REVEILLE_MODE PROPERTY STRINGS dev release asan tsan fuzz)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

add_compile_options(
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch -Wunused
  -Wno-missing-designated-field-initializers -Werror -g1 -D_GLIBCXX_ASSERTIONS)
add_link_options(-fuse-ld=lld-19)

if(REVEILLE_MODE STREQUAL "dev")
  add_compile_options(-O0)
elseif(REVEILLE_MODE STREQUAL "release")
  add_compile_options(-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
elseif(REVEILLE_MODE STREQUAL "asan")
  add_compile_options(-O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(REVEILLE_MODE STREQUAL "tsan")
  add_compile_options(-O1 -fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(REVEILLE_MODE STREQUAL "fuzz")
  add_compile_options(-O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
else()
  message(FATAL_ERROR "REVEILLE_MODE is '${REVEILLE_MODE}'; it must be dev, release, asan, tsan or fuzz.")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
