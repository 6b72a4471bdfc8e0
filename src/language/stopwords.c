/*
 * The known languages: their stemmer and their stopwords (function words, and the words that a
 * question is made with). A word belongs here when it says nothing about what a text is about;
 * words that carry meaning in manuals ("use", "not", "value") stay out.
 */
#include <string.h>

#include "language/internal.h"

const struct language_rules language_table[] = {
    {"en", "english",
     " a about above after again all also although am an and another any anybody anyone anything "
     "are aren't as at be because been before being below between both but by can can't cannot "
     "could couldn't did didn't do does doesn't doing don't done down during each either else "
     "etc ever every explain few for from further get gets give gives given go goes had has "
     "hasn't have haven't having he hence her here hers him his how how's however i i'd i'm i've "
     "if in into is isn't it it's its itself just let let's like may me might mine more most "
     "much must my myself neither nor now of off on once one only onto or other others ought our "
     "ours out over own perhaps please quite rather really same shall she should shouldn't since "
     "so some somebody someone something still such tell than that that's the their theirs them "
     "themselves then thence there there's therefore these they they're this those though "
     "through thus to together too toward under until up upon us very via want was wasn't way "
     "we we're well were weren't what what's whatever when whenever where where's whereas "
     "wherever whether which while who who's whom whose why will with within without won't "
     "would wouldn't yes yet you you'd you're you've your yours yourself "},
    {"de", "german",
     " aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf "
     "aus bei beim bin bis bist da dabei dadurch damit dann das dass dasselbe davon dazu dein "
     "deine dem den denn der deren des dessen dich die dies diese diesem diesen dieser dieses dir "
     "doch dort du durch ein eine einem einen einer eines er es etwas euch euer für gegen gibt "
     "habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im "
     "in indem ins ist ja jede jedem jeden jeder jedes jene kann kannst können könnte man manche "
     "mehr mein meine mich mir mit muss müssen nach noch nun nur ob oder ohne sehr sein seine "
     "seinem seinen seiner seit sich sie sind so solche soll sollen sollte sondern sonst über um "
     "und uns unser unter viel vom von vor wann war waren warum was weil welche welchem welchen "
     "welcher welches wem wen wenn wer werde werden wie wieder wieso will wir wird wo wofür woher "
     "wohin womit wurde wurden während zu zum zur zwar zwischen "},
    {"fr", "french",
     " a afin ai ainsi alors après au aucun aucune aussi autre autres aux avant avec avoir c car "
     "ce ceci cela celle celles celui ces cet cette ceux chaque chez comme comment d dans de des "
     "dois doit doivent donc dont du elle elles en encore entre es est et etc été être eu eux fait "
     "faut il ils j je l la "
     "là laquelle le lequel les lesquels leur leurs lorsque lui m ma mais me même mes moi mon n "
     "ne ni nos notre nous on ont ou où par parce pas pendant peu peut peuvent plus pour pourquoi "
     "puis qu quand que quel quelle quelles quels qui quoi s sa sans se selon sera ses si son "
     "sont sous sur t ta tandis te tel telle tes toi ton tous tout toute toutes très tu un une "
     "vers voici voilà vos votre vous y à "},
    {"es", "spanish",
     " a al algo alguna algunas alguno algunos ante antes aquel aquella aquellos aquí así aun "
     "aunque bajo bien cada como con contra cual cuales cualquier cuando cuál cuáles cuándo "
     "cuánto cómo de del desde donde dónde dos el ella ellas ellos en entre era eran es esa esas "
     "ese eso esos esta estas este esto estos está están fue fueron ha hace haber había han hasta "
     "hay he la las le les lo los me mediante mi mis mucho muy más nada ni no nos nosotros nuestra "
     "nuestro o os otra otras otro otros para pero poco por porque pues puede pueden que quien "
     "quién qué se sea según ser si sido sin sobre son su sus sí también tan tanto te tiene "
     "tienen toda todas todo todos tu tus un una unas uno unos usted y ya yo "},
    {"it", "italian",
     " a ad agli ai al alla alle allo altra altre altri altro anche ancora avere aveva c che chi "
     "ci come con contro cosa così cui d da dagli dai dal dalla dalle dallo dei degli del della "
     "delle dello di dopo dove dunque e ed era erano essere fa fra gli ha hanno ho i il in io l "
     "la le lei li lo loro lui ma me mentre mi mia mio molto ne negli nei nel nella nelle nello "
     "noi non nostro o ogni oppure per perché perciò però più poi prima può qual quale quali "
     "quando quanto quella quelle quelli quello questa queste questi questo qui quindi se sei "
     "sempre senza si sia siamo sono sopra sotto sta stata stato su sua sue sugli sui sul sulla "
     "suo suoi tra tu tua tuo tutta tutte tutti tutto un una uno v vi voi è "},
    {"pt", "portuguese",
     " a ainda algum alguma alguns ao aos apenas após aquela aquele aquilo as assim até cada com "
     "como contra cujo da das de dela dele deles depois desde dessa desse desta deste do dos e "
     "ela elas ele eles em enquanto entre era eram essa essas esse esses esta estas este estes "
     "está estão eu foi foram há isso isto já lhe mais mas me mesmo meu minha muito na nas nem "
     "nessa nesse nesta neste no nos nossa nosso não nós o onde os ou outra outras outro outros "
     "para pela pelas pelo pelos pode podem pois por porque qual quais qualquer quando quanto que "
     "quem se seja sem ser seu seus sobre sua suas são só também te tem todo todos tu tudo têm um "
     "uma umas uns você vocês à às é "},
    {"nl", "dutch",
     " aan al alle alleen als ander andere bij daar daarom dan dat de deze die dit doch doen door "
     "dus een elk elke en er geen had hadden haar heb hebben heeft hem het hier hij hoe hun ik in "
     "is ja je kan kunnen maar me meer men met mij mijn moet moeten na naar niet nog nu of om "
     "omdat onder ons onze ook op over reeds te tegen toch toen tot tussen u uit uw van veel voor "
     "waar waarom wanneer want waren was wat we welk welke werd werden wie wij word worden wordt "
     "zal ze zelf zich zij zijn zo zoals zonder zou zouden "},
    {"sv", "swedish",
     " alla allt att av bara bli blir blev de dem den denna deras dess dessa det detta dig din du "
     "där då efter ej eller en er ett från för genom ha hade han har hans hennes hon hur här i "
     "icke inom inte jag kan kunde man med mellan men mer mig min mot mycket många ni nu något "
     "några när och om oss på sedan sig sin sina skall ska skulle som så till under upp ut utan "
     "vad var varför vara vem vi vid vilka vilken vilket vill än är även över "},
    {"ru", "russian",
     " а без бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для "
     "до его ее её если есть ещё еще же за зачем и из или им их к как какая какие какой каким "
     "когда кто ко ли либо меня мне может можно мой мы на над надо нам нас не него нее ней нет ни "
     "них но ну о об однако он она они оно от очень по под почему при с сам свой себя со так "
     "также такой там те тем то тогда того тоже той только том ту ты у уже хотя чего чей чем через "
     "что чтобы эта эти это этого этой этом этот я "},
    {"ja", NULL,
     " の に は を が と で た て し だ も な い か れ さ ら る する します した して です ます "
     "ない こと "
     "もの ため これ それ あれ この その あの ここ そこ どこ いる ある あり なる から まで より "
     "など また "
     "何 どの どれ どう どうやって なぜ いつ だれ 誰 ください でしょう とは には では へ や ば "
     "よう "},
    {"zh", NULL,
     " 的 了 和 是 在 有 就 不 也 都 而 及 与 或 于 这 那 你 我 他 她 它 们 我们 你们 他们 一个 "
     "这个 那个 "
     "什么 怎么 怎样 如何 为什么 哪 哪个 哪些 哪里 谁 吗 呢 吧 啊 请 把 被 从 到 对 为 以 会 能 "
     "可以 "
     "甚麼 怎麼 為什麼 這 這個 們 與 於 嗎 "},
    {"da", "danish", NULL},
    {"no", "norwegian", NULL},
    {"fi", "finnish", NULL},
    {"hu", "hungarian", NULL},
    {"ro", "romanian", NULL},
    {"tr", "turkish", NULL},
    {"el", "greek", NULL},
    {"ar", "arabic", NULL},
    {"hi", "hindi", NULL},
    {"fa", NULL, NULL},
    {"he", NULL, NULL},
    {"th", NULL, NULL},
    {"ko", NULL, NULL},
    {"uk", NULL, NULL},
    {NULL, NULL, NULL},
};

bool language_listed(const char *list, const char *word, size_t length)
{
    if (!list || length == 0)
        return false;
    size_t size = strlen(list);
    for (const char *at = list; (at = memmem(at, size - (size_t)(at - list), word, length)); at++)
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}
