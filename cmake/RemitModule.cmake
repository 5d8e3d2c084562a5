# Modules, their tests and their fuzz targets.
#
# The layering of ARCHITECTURE.md is enforced twice:
#  - a module may name only modules of lower layers as DEPS, or configuration fails;
#  - each module's headers are reached through a folder of its own that holds nothing else, and a target sees only
#    the folders of its DEPS: including a header of any other module is "file not found".

set(REMIT_LAYER_0 base)
set(REMIT_LAYER_1 cedar jose mcp http store)
set(REMIT_LAYER_2 audit sandbox snapshot)
set(REMIT_LAYER_3 identity catalog)
set(REMIT_LAYER_4 decision issuer)
set(REMIT_LAYER_5 approval review)
set(REMIT_LAYER_6 gateway admin)
set(REMIT_LAYER_7 server)
set(REMIT_LAYER_8 cli)

function(remit_layer_of module out)
  foreach(layer RANGE 8)
    if(module IN_LIST REMIT_LAYER_${layer})
      set(${out} ${layer} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "module '${module}' has no layer: add it in cmake/RemitModule.cmake")
endfunction()

# remit_module(NAME SOURCES a.cpp… [DEPS module…] [LIBS library…] [TESTS x_test.cpp…] [FUZZ x_fuzz.cpp…])
#
# DEPS are modules; LIBS are packaged libraries. Tests become one program NAME_test, found by ctest case by case;
# each fuzz source becomes a program of its own in the fuzz preset, its seeds in fuzz/x_fuzz/ beside the source.
function(remit_module name)
  cmake_parse_arguments(M "" "" "SOURCES;DEPS;LIBS;TESTS;TEST_LIBS;FUZZ" ${ARGN})
  remit_layer_of(${name} own_layer)
  foreach(dep ${M_DEPS})
    remit_layer_of(${dep} dep_layer)
    if(NOT dep_layer LESS own_layer)
      message(FATAL_ERROR "layering: '${name}' (layer ${own_layer}) may not depend on '${dep}' (layer ${dep_layer})")
    endif()
  endforeach()

  set(include_dir ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${include_dir})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${include_dir}/${name} SYMBOLIC)

  add_library(remit_${name} STATIC ${M_SOURCES})
  target_include_directories(remit_${name} PUBLIC ${include_dir})
  target_link_libraries(remit_${name} PUBLIC ${M_LIBS})
  foreach(dep ${M_DEPS})
    target_link_libraries(remit_${name} PUBLIC remit_${dep})
  endforeach()

  if(M_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE remit_${name} ${M_TEST_LIBS} GTest::gmock_main rapidcheck_gtest)
    target_compile_definitions(${name}_test PRIVATE REMIT_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                                    REMIT_CORPORA_DIR="${CMAKE_BINARY_DIR}/corpora")
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 300 LABELS unit)
  endif()
  if(M_FUZZ AND REMIT_FUZZ)
    foreach(source ${M_FUZZ})
      get_filename_component(target ${source} NAME_WE)
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE remit_${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
