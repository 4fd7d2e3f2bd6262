package redact

import (
	"strings"
	"sync"

	"github.com/callwaiting-ai/callwaiting/redact/internal/names"
)

// Flags of contacts.words. A word may have several.
const (
	cNumber     uint32 = 1 << iota // a number word
	cMonth                         // january, sept
	cMonthWord                     // a month that is a verb or a name too: may, march
	cWeekday                       // monday, mondays
	cRelative                      // tomorrow
	cPeriod                        // … week, after "last"
	cDatePrep                      // in, since, until: a date may follow
	cStreet                        // street, avenue
	cStreetWeak                    // way, court, place: part of a street only with a number or a name
	cPrefix                        // rue, via: stands before a street's name
	cUnit                          // flat, suite, plot
	cAddrCue                       // live, address
	cStop                          // never part of a person's or a street's name
	cTitle                         // mrs, doctor
	cGiven                         // sarah
	cGivenWord                     // grace, mark: a word too
	cSurname                       // connor, baker
	cKin                           // husband, mum
	cNameCue                       // name, surname
	cLeadIn                        // tell, text, with: a name may follow
	cAfterName                     // speaking, here: a name may precede
	cPhoneCue                      // phone, mobile
	cIDCue                         // passport, policy
	cBirth                         // born, birth
	cFiller                        // um, uh
	cLink                          // is, it's, number: between a cue and its value
	cPostcode                      // postcode, zip
	cState                         // ny, dc
	cCompass                       // n, west
	cSpoken                        // at, www: an e-mail as spoken, a web address
	cPlace                         // begins a place's name
	cNotPerson                     // clinic, cream: the name before it is not a person's
)

// startFlags are the flags of words at which a fact may begin. All other words
// are skipped, which keeps ordinary speech fast.
const startFlags = cNumber | cMonth | cMonthWord | cWeekday | cRelative | cPeriod | cPrefix | cUnit | cAddrCue | cTitle |
	cGiven | cGivenWord | cSurname | cKin | cNameCue | cPhoneCue | cIDCue | cBirth | cPostcode | cSpoken | cPlace

// sharedContacts holds the word lists, compiled at first use and shared by all
// engines.
var sharedContacts = sync.OnceValue(func() contacts {
	l := contacts{words: new(Words), everyday: new(Words), places: new(trie)}
	for _, list := range []struct {
		list  names.List
		flags uint32
	}{
		{names.Given(), cGiven}, {names.Ambiguous(), cGivenWord}, {names.Surnames(), cSurname},
	} {
		for word := range list.list.Words {
			l.words.Add(list.flags, word)
		}
	}
	for word := range names.Everyday().Words {
		l.everyday.Add(1, word)
	}
	for place := range names.Places().Lines {
		l.places.addText(place, 1)
		first, _, _ := strings.Cut(place, " ")
		l.words.Add(cPlace, first)
	}
	for _, list := range contactWords {
		l.words.Add(list.flags, strings.Fields(list.words)...)
	}
	return l
})

// contactWords are the words of each flag, in lower case. A word may be listed
// under several flags.
var contactWords = []struct {
	flags uint32
	words string
}{
	{cNumber, `zero oh nought naught one two three four five six seven eight nine ten eleven twelve thirteen fourteen
		fifteen sixteen seventeen eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety double triple treble
		first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
		sixteenth seventeenth eighteenth nineteenth twentieth thirtieth hundred`},
	{cMonth, `january february april june july august september october november december
		jan feb mar apr jun jul aug sep sept oct nov dec`},
	{cMonthWord, `march may mar apr jan jun sep dec nov`},
	{cWeekday, `monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays
		saturdays sundays tues weds thurs thur fri`},
	{cRelative, `tomorrow yesterday`},
	{cPeriod, `week month year summer winter autumn spring`},
	{cDatePrep, `in since until till from during by before after on of around about early late mid last next this due born
		end beginning start between`},
	{cStreet, `street streets road avenue lane crescent boulevard highway mews terrace rd ave blvd hwy pkwy parkway cres
		embankment expressway turnpike broadway close grove gardens str avenida strasse`},
	{cStreetWeak, `way place drive park court hill row walk square view green gate rise estate quay wharf circus parade
		yard vale bypass plaza loop trail circle path passage alley st dr ln ct sq pl ter cl crossing heights point villas
		cottages mount meadow meadows fields bridge croft layout bay common garden house buildings mansions tower towers`},
	{cPrefix, `rue via calle rua ulica avenida viale piazza plaza chemin boulevard`},
	{cUnit, `flat apartment apt suite unit plot block house room floor box psc p po`},
	{cAddrCue, `live lives living lived address stay stays staying reside resides located moved deliver delivered send
		post mail at`},
	{cTitle, `mr mrs ms miss mister missus dr doctor prof professor nurse madam mx sir dame lady lord rev reverend pastor
		chief alhaji alhaja hajia mallam sister brother auntie aunty uncle aunt matron`},
	{cKin, `husband wife partner mother father mum mom mam mummy daddy dad son daughter brother sister aunt auntie aunty
		uncle nan gran grandma grandad granddad grandpa grandmother grandfather grandson granddaughter niece nephew cousin
		boyfriend girlfriend fiance fiancee baby boy girl kid child friend carer boss colleague pikin stepson stepdaughter
		twin toddler guardian`},
	{cNameCue, `name names surname called forename named`},
	{cLeadIn, `tell text call ring ask see with for to from by and or not like want wants saw seen meet thank thanks contact
		reach remind email told asked hi hello hey dear attention attn morning afternoon evening spoke speak really i'm im
		it's its am me this is that's thats it under`},
	{cAfterName, `speaking here calling phoning rang called phoned wants wanted booked cancelled missed is was has had said says
		asked told needs would from at on about again`},
	{cPhoneCue, `phone telephone tel mobile cell cellphone cellular call text ring whatsapp landline fax sms line number
		contact reach dial extension ext voicemail handset no`},
	{cIDCue, `nhs ssn social passport policy reference ref record mrn member membership insurance claim account id card
		licence license booking confirmation order case file patient hospital registration customer national ni nin bvn
		iban visa mastercard amex invoice tax group chart ending serial pin code voucher prescription rx receipt certificate tracking ticket genotype donor hmo plan medicare medicaid
		identification identity debit credit routing iban last ends acct cc d`},
	{cBirth, `born dob birth birthday birthdate bday`},
	{cFiller, `um uh er erm uhm hmm ah like sorry so yeah`},
	{cLink, `is it's its that's thats was my number no id the a of on in it are and equals ending ends with last
		reference ref code card security insurance record please use full yes would be name here's heres this
		read reads under as has been with um uh starting starts`},
	{cPostcode, `postcode postcodes postal zip zipcode post`},
	{cState, `al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh
		ok or pa ri sc sd tn tx ut vt va wa wv wi wy on bc qc ab nsw vic qld fct`},
	{cCompass, `n s e w ne nw se sw north south east west northeast northwest southeast southwest upper lower old new
		great little`},
	{cSpoken, `at www http https com org net`},
	{cNotPerson, `street road avenue lane hospital clinic centre center university college school church surgery practice
		station square park hotel airport county university building house ward foundation association trust syndrome
		disease cream tablets birth birthcontrol state city town bridge gardens bank restaurant library theatre court
		drive way close crescent terrace infirmary solicitors cafe ltd limited inc plc llp llc orchestra corporation
		group company partners investments pub arms`},
	{cStop, stopWords},
}

// stopWords are never part of a name unless other evidence is strong, such as a
// capital letter after a title.
const stopWords = `a about above across actually after afternoon again against ago ah all almost alone along already also
	although always am an and another any anybody anyone anything anyway appointment are aren't around as ask asking at
	available away back bad be because become been before began begin being below best better between big bit book booked
	booking both bring but buy by call called calling came can can't cannot cancel cause change check checked clinic come
	comes coming correct could couldn't cos currently cut day days definitely did didn't different do does doesn't doing
	don't done down due during each early either else end enough even evening ever every everybody everyone everything
	exactly expecting far feel feeling feels felt few find fine first for forgot from full gave get gets getting girl
	give given gives glad go goes going gone gonna good got gotta great had hadn't half happened happy hard has hasn't
	have haven't having he he's head hear heard hello help her here here's hers herself hey hi high him himself his
	history hold home hope hour hours how however hundred i i'd i'll i'm i've if im in instead interested into is isn't it
	it's its itself ive january february april june july august september october november december monday tuesday
	wednesday thursday friday saturday sunday just keep kept kind knew know known last late later least leave left less let
	let's lets like little live lives living ll long look looking lost lot lots made make makes making many maybe me mean
	means meant medical medication medicine message might mind mine minute minutes missed moment month months more
	morning most mostly move moved much must my myself name need needed needing needs never new next nice night no nobody
	none nor not nothing now number o'clock of off office often oh ok okay old on once one only open or order other our
	ours ourselves out outside over own pain part patient pay people perhaps phone place please possible pregnant prefer
	probably problem put question quick quickly quite rather re ready real really reason recently regarding reschedule
	right ring running said same saturday saw say saying says second see seeing seem seems seen send sent several shall
	she she's should shouldn't show sick side since sir so some somebody someone something sometimes somewhere soon sorry
	speak speaking spoke start started still stop stopped straight such suffering supposed sure surgery take taken takes
	taking talk talking tell telling test text than thank thanks that that's thats the their theirs them themselves then
	there there's these they they're they've thing things think third this those though thought three through till time
	times to today together told tomorrow tonight too took top tried trouble try trying twice two um uh uhm under until
	up upon urgent us use used using usually ve very via visit wait waiting want wanted wants was wasn't way we we'd we'll
	we're we've week weekend weeks well went were weren't what what's when where whether which while who who's whole whom
	whose why will with within without won't wonder wondering work working works would wouldn't wrong year years yes
	yesterday yet you you'd you'll you're you've your yours yourself dem dey abeg oga ma na sha english british american
	nigerian indian irish scottish welsh french german italian spanish polish african asian pakistani chinese married
	single available unable able calling confirming checking hoping returning ringing writing phoning allergic diabetic
	due based free busy ill unwell sore tired worried scared nervous afraid aware curious keen willing driving sitting
	standing lying walking having feeling getting trying near opposite behind beside doctor nurse mr mrs ms miss dr
	mister madam redacted`
