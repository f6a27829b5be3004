# What is installed where, and the Debian package that CPack makes of it (docker/release).
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATAROOTDIR})

if(TARGET netpale)
  install(TARGETS netpale)
endif()

foreach(page netpale.8 netpale.policy.5)
  add_custom_command(OUTPUT ${page}.gz
    COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/config/${page} >${page}.gz DEPENDS config/${page})
  list(APPEND pages ${CMAKE_BINARY_DIR}/${page}.gz)
  string(REGEX REPLACE ".*\\." "" section ${page})
  install(FILES ${CMAKE_BINARY_DIR}/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
add_custom_target(pages ALL DEPENDS ${pages})

install(FILES config/presets.yml DESTINATION ${share}/netpale)
install(FILES config/netpale.schema.json DESTINATION ${share}/netpale)
install(FILES config/completions/netpale.bash
  DESTINATION ${share}/bash-completion/completions RENAME netpale)
install(FILES config/completions/_netpale DESTINATION ${share}/zsh/vendor-completions)
install(FILES config/completions/netpale.fish DESTINATION ${share}/fish/vendor_completions.d)
install(FILES README.md SECURITY.md CHANGELOG.md config/policy.yml DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY config/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
# Their first lines name the schema beside them.
install(FILES config/netpale.schema.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
# docker/package/sbom writes these of what was linked.
install(FILES ${CMAKE_BINARY_DIR}/copyright ${CMAKE_BINARY_DIR}/netpale.spdx.json
  DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "the netpale authors <netpale@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "container entrypoint that fences a coding agent")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "It reads a policy, puts a default-deny nftables ruleset into the container's
own network namespace, gives up every privilege that could undo it, proves
that, and starts the agent as an unprivileged user. The program is static
and needs no other package.")
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
include(CPack)
