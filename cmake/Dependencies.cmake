# Every packaged library, found once. All come from Debian 12; `scripts/packages.txt` names the packages.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc i18n)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET GLOBAL libseccomp>=2.5)
include(GoogleTest)

find_package(rapidcheck REQUIRED)

# Asio and Beast are compiled once, here, not in every file that includes them.
add_library(remit_boost STATIC ${CMAKE_CURRENT_LIST_DIR}/boost/asio.cpp ${CMAKE_CURRENT_LIST_DIR}/boost/beast.cpp)
set_target_properties(remit_boost PROPERTIES UNITY_BUILD OFF)
target_link_libraries(remit_boost PUBLIC Boost::headers Boost::json Boost::url OpenSSL::SSL Threads::Threads)
target_compile_definitions(remit_boost PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                              BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
