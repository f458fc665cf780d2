# How the tree becomes libraries and programs. Arrows go one way, and the two sides meet in common/ only.

# Refuses what a module or program of this folder may not use. Said of the folders, so that it holds in whichever order
# they are added.
function(refuse_other_side user used)
  get_target_property(used_folder mod_${used} SOURCE_DIR)
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE user_folder)
  cmake_path(RELATIVE_PATH used_folder BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
  string(REGEX REPLACE "/.*" "" user_side ${user_folder})
  string(REGEX REPLACE "/.*" "" used_side ${used_folder})
  if(NOT used_side STREQUAL "common" AND NOT used_side STREQUAL user_side)
    message(FATAL_ERROR "${user} in ${user_folder} uses ${used} of ${used_folder}: coordinator and agent share common/ "
                        "only, and common/ uses neither. Move what both need to common/")
  endif()
endfunction()

function(link_used target link user)
  foreach(used ${ARGN})
    if(NOT TARGET mod_${used})
      message(FATAL_ERROR "${user} uses ${used}, which is not defined yet: arrows go one way. Move what it needs of ${used} "
                          "below both")
    endif()
    refuse_other_side(${user} ${used})
    target_link_libraries(${target} ${link} mod_${used})
  endforeach()
endfunction()

# add_module(NAME name SOURCES a.c .. [USES other modules ..] [LIBS third-party targets ..])
# One folder, one static library, one include directory. A module may only use what is defined already, so
# the order of add_subdirectory() is the order of the layers. LIBS are private: a third-party header has one door.
function(add_module)
  cmake_parse_arguments(M "" "NAME" "SOURCES;USES;LIBS" ${ARGN})
  foreach(lib ${M_LIBS})
    if(lib MATCHES "^mod_")
      message(FATAL_ERROR "Module ${M_NAME} has ${lib} among LIBS, which are libraries of others: name it in USES")
    endif()
  endforeach()
  add_library(mod_${M_NAME} STATIC ${M_SOURCES})
  target_include_directories(mod_${M_NAME} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(mod_${M_NAME} PRIVATE millrace_flags ${M_LIBS} Threads::Threads)
  link_used(mod_${M_NAME} PUBLIC "Module ${M_NAME}" ${M_USES})
endfunction()

# add_program(NAME name SOURCES main.c .. USES modules ..): what is installed.
function(add_program)
  cmake_parse_arguments(P "" "NAME" "SOURCES;USES" ${ARGN})
  add_executable(${P_NAME} ${P_SOURCES})
  target_link_libraries(${P_NAME} PRIVATE millrace_flags)
  link_used(${P_NAME} PRIVATE "Program ${P_NAME}" ${P_USES})
  install(TARGETS ${P_NAME})
endfunction()

# write_rows(rows.h names ..): a header with a line ROW(name) each, for C that expands ROW to what it needs. So a list
# that C and CMake both need stands in one CMakeLists.txt.
function(write_rows header)
  list(TRANSFORM ARGN REPLACE "(.+)" "ROW(\\1)\n" OUTPUT_VARIABLE rows)
  list(JOIN rows "" rows)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${header} CONTENT "${rows}" @ONLY)
endfunction()
