# Unpacks the pinned packages of requirements.txt into the build tree; nothing of them is committed. pip checks their hashes, takes
# wheels only, and installs nothing beside. Tests that want them are skipped where that can't be done.

# millrace_pypi_unpack(work): the packages land in work. Done once, and again when the list changes.
function(millrace_pypi_unpack work)
  set(list ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/requirements.txt)
  set(stamp ${work}/unpacked.sha256)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(SHA256 ${list} wanted)
  set(unpacked "")
  if(EXISTS ${stamp})
    file(READ ${stamp} unpacked)
  endif()
  if(unpacked STREQUAL wanted)
    return()
  endif()

  find_package(Python3 COMPONENTS Interpreter REQUIRED)
  message(STATUS "Unpacking the packages of ${list} with pip")
  file(REMOVE_RECURSE ${work})
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all:
            --no-compile --target ${work} --requirement ${list}
    TIMEOUT 300 RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    file(WRITE ${stamp} ${wanted})
  else()
    message(STATUS "pip could not unpack them (${result}), so what wants them is not tested. It said:\n${output}")
  endif()
endfunction()
