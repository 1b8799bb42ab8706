# Every library by its Debian 12 package (docs/adr/0002-libraries.md says why each is here).
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(GTest REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(GSASL REQUIRED IMPORTED_TARGET libgsasl)
pkg_check_modules(SRTP REQUIRED IMPORTED_TARGET libsrtp2)
find_package(prometheus-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)

# Sockets, TLS, HTTP: what runs on an io_context.
add_library(reveille_network INTERFACE)
target_link_libraries(reveille_network INTERFACE
  Threads::Threads OpenSSL::SSL OpenSSL::Crypto Boost::json fmt::fmt spdlog::spdlog
  PkgConfig::NGHTTP2 PkgConfig::GSASL PkgConfig::SRTP)
target_compile_definitions(reveille_network INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)

add_library(reveille_sqlite INTERFACE)
target_link_libraries(reveille_sqlite INTERFACE PkgConfig::SQLITE Threads::Threads fmt::fmt spdlog::spdlog)

add_library(reveille_metrics INTERFACE)
target_link_libraries(reveille_metrics INTERFACE prometheus-cpp::core)

add_library(reveille_config INTERFACE)
target_link_libraries(reveille_config INTERFACE CLI11::CLI11)
