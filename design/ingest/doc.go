// Package ingest reads design references into sources for package design. It is the only part of design that does input:
// files and directories, standard input, http and https with or without a token, and designs that are stored already. It
// also fetches the content of assets that a design only names the location of.
//
// It promises that an error says which reference failed, in which way, and what to look at, without the user
// information of an address or a token. It refuses answers above a limit, addresses with schemes that it does not know,
// to follow a redirect with a token to another host, and locations that lead to this machine or to a cloud's metadata.
package ingest
