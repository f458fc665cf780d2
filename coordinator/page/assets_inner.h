/* assets_inner: the files of assets/ and uPlot, embedded at build time (embed.cmake). Each ends
 * with a NUL that is not counted. */
#ifndef MILLRACE_ASSETS_INNER_H
#define MILLRACE_ASSETS_INNER_H

extern const char asset_report_html[];
extern const char asset_report_css[];
extern const char asset_report_js[];
extern const char asset_uplot_js[];
extern const char asset_uplot_css[];

#endif
