package redact

import "strings"

// The role of a word in a sentence, as flags of grammarWords. One word may have
// several roles.
const (
	isOwner             uint32 = 1 << iota // my, your
	isThe                                  // the, a
	isSide                                 // left, lower
	isLink                                 // is, feels, has been
	isFiller                               // um, really
	isPrep                                 // in, on
	isAnd                                  // and, or
	isUnit                                 // mg
	isPerson                               // i, she, mum
	isNot                                  // not
	isImpersonalSubject                    // we, it, there
	isAllergy                              // allergic
	isIntake                               // take
	isHave                                 // have
	isFine                                 // ok
)

// grammarWords maps the function words of complaints to their roles.
var grammarWords = func() *Words {
	w := new(Words)
	for flags, words := range map[uint32]string{
		isOwner: "my your his her their our its me whose",
		isThe:   "the a an this that these those some any one each both either",
		isSide: "left right upper lower both inner outer front back top bottom big little small middle whole other side " +
			"hand entire two three few bloody poor baby wisdom",
		isLink: "is are was were be been being am isnt arent wasnt werent feels feel felt feeling looks look looked looking gets get " +
			"getting got gone goes going went has have had having keeps keep kept started starts became becomes become seems seem " +
			"seemed s hes shes its theyre ive turned stays stayed",
		isFiller: "um uh uhm er erm ah mm hmm like just really very so quite a bit little lot kind kinda sort sorta of also still all always now " +
			"then again constantly pretty too rather slightly somewhat more badly super extremely incredibly totally completely " +
			"actually basically you know i mean well been both often sometimes only even much as and or " +
			"feeling getting become becoming going being",
		isPrep:              "in on of around behind under at to from over inside near down up across through into above below by with along beneath between",
		isAnd:               "and or",
		isImpersonalSubject: "we were weve they theyre it its that thats there theres everyone everybody nobody",
		isHave:              "have had got",
		isFine: "fine ok okay good great better normal normally clear alright right perfect lovely nice healthy soft intact symmetric " +
			"working ready done there here where what which",
		isIntake:  "take takes took taking taken",
		isAllergy: "allergic allergy allergies intolerant intolerance anaphylactic sensitive sensitivity",
		isNot:     "not no nt t never",
		isPerson: "i im ive id my me he she hes shes his her who mum mom dad mother father son daughter husband wife sister brother " +
			"partner nan gran grandad baby boy girl kid child children patient lady man woman friend aunt uncle",
		isUnit: "mg mgs mcg ml milligram milligrams microgram micrograms gram grams millilitre millilitres unit units of percent",
	} {
		w.Add(flags, strings.Fields(words)...)
	}
	return w
}()

// contractions are contractions that without their apostrophe spell another
// word: "I'll" is not "ill".
var contractions = func() *Words {
	w := new(Words)
	w.Add(1, "ill", "hell", "shell", "well", "were", "wed", "shed", "id")
	return w
}()
