# Unpacks pinned npm packages into the build tree; nothing of them is committed. package-lock.json names
# exact versions with integrity hashes, which npm checks; install scripts never run.

# millrace_npm_unpack(source work): source holds package.json, package-lock.json and .npmrc; the packages
# land in work/node_modules. Done once, and again when the lock file changes.
function(millrace_npm_unpack source work)
  set(stamp ${work}/unpacked.sha256)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source}/package-lock.json)
  file(SHA256 ${source}/package-lock.json wanted)
  set(unpacked "")
  if(EXISTS ${stamp})
    file(READ ${stamp} unpacked)
  endif()
  if(unpacked STREQUAL wanted AND IS_DIRECTORY ${work}/node_modules)
    return()
  endif()

  find_program(NPM npm)
  if(NOT NPM)
    message(FATAL_ERROR "npm is needed to unpack ${source}/package-lock.json (Debian: apt-get install npm)")
  endif()
  message(STATUS "Unpacking the packages of ${source} with npm")
  file(REMOVE ${stamp})
  foreach(name package.json package-lock.json .npmrc) # file(COPY) overlooks a change within one second.
    configure_file(${source}/${name} ${work}/${name} COPYONLY)
  endforeach()
  execute_process(
    COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline
    WORKING_DIRECTORY ${work} TIMEOUT 300
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR
      "npm could not unpack the packages of ${source}/package-lock.json (${result}). Can it reach its "
      "registry (npm ping)? It said:\n${output}")
  endif()
  file(WRITE ${stamp} ${wanted})
endfunction()

millrace_npm_unpack(${CMAKE_CURRENT_LIST_DIR} ${CMAKE_BINARY_DIR}/npm)
set(MILLRACE_NPM_DIR ${CMAKE_BINARY_DIR}/npm/node_modules)
