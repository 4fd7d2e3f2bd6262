package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func TestEngine_Analyze_Person(t *testing.T) {
	t.Parallel()
	t.Run("names are found, with and without capitals", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Person,
			"My name is {Sarah Connor}.", "Hi, this is {Chidi Okafor}.", "{Aisha Bello} here.", "It's {Tom Baker} from accounts.",
			"Could you tell {Dr Patel} I called?", "Ask for {Olamide} at the desk.", "My husband {James} is outside.",
			"My mother, {Margaret Whitfield}, is with me.", "The surname is {Nguyen}.", "My surname's {O'Rourke}.",
			"I saw {Nurse Joy} today.", "It's {Mrs Burns} again.", "{Will Young} rang about it.", "I'm {Priya Raman}.",
			"Please text {Grace} on Monday.", "{Oluwaseun Adebayo} speaking.", "My name is {Zubin Tarapore} and I'm new.",
			"Please tell {Amelia} it's fine.", "{Sarah}'s daughter is ill.", "I'd like {Rose} to do it.",
			"{Grace} told me to call.", "I need to speak to {Summer} please.", "It's about my brother {Mark}.", "I go to {Dr Bright}.",
			"I'm {Adetokunbo Olufade}.", // in no list, but built like a name
		)
		checkKind(t, redact.Person, "What's your last name? {Magnusson}.", "People call me {Piusz} here.", "We met {Dr. van der Berg} and {Nurse Okafor}.", "It's {Kwabena Osei-Bonsu}.")
	})
	t.Run("words that are also names are not names", func(t *testing.T) {
		t.Parallel()
		checkKind(t, redact.Person,
			"My name is not on the list.", "I'm calling about my appointment.", "This is urgent.", "It's really sore.",
			"Will you mark the date?", "I hope it works.", "My husband will come.", "My son may need it.", "The doctor said I can go.",
			"We can grant you a refund.", "She rose from the chair.", "I've got a cold.", "I'll be there.", "We'd like that.",
			"Harley Street Clinic is open.", "My star sign is Cancer.", "A frank answer, please.", "My name appears twice.", "Is that your name? Yes.", "It's called flurbosis vanta.", "I think it's flurbosis vanta.", "Your full name? Of course.",
			"I'm with my wife here.", "He's a nurse practitioner.", "My brother may come.", "The dr prescribed it.", "My dr appointment is late.",
		)
	})
	t.Run("a name with a medical ending is a name", func(t *testing.T) {
		t.Parallel()
		e := engine(t, redact.Config{})
		for _, name := range []string{"Amelia", "Ifeoma", "Chioma", "Euphemia"} {
			contacts, _ := e.Split("please call " + name + " back")
			require.Equal(t, []string{name}, contacts.Names)
		}
	})
}
