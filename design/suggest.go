package design

// Suggest is advice on a word that is not known: the nearest of the known ones, or some of them when none is near.
func Suggest(word string, known []string) string { return suggest(word, known) }
