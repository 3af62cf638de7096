"""What columns of class lists are called, in the languages of those who make them."""

from __future__ import annotations

# Without case, spaces and punctuation, in the order in which they are preferred.
_TEXT = """
name:
    name fullname student studentname displayname vollständigername nomcomplet nombrecompleto nomecompleto
    volledigenaam naam nameofstudent namedesstudierenden studierende studierender teilnehmer étudiant alumno
    estudiante studente aluno nomprénom prénomnom nometprénom prénometnom apellidosynombre namevorname vornamename
    vornamenachname nachnamevorname cognomeenome namn navn nimi jménoapříjmení imięinazwisko adsoyad adısoyadı
    ονοματεπώνυμο фио полноеимя студент піб 姓名 全名 名字 学生姓名 氏名 名前 이름 성명 الاسم الاسمالكامل שםמלא
first:
    firstname first givenname givennames forename preferredname vorname vornamen rufname prénom prenom nombre nombres
    nome voornaam förnamn fornavn etunimi jméno imię keresztnév ad adı όνομα имя імя 名
last:
    lastname last surname familyname nachname familienname zuname nom nomdefamille apellido apellidos apellidoss
    cognome sobrenome apelido achternaam efternamn efternavn etternavn sukunimi příjmení nazwisko vezetéknév soyad
    soyadı επώνυμο фамилия прізвище 姓 姓氏
id:
    id identifier studentid studentnumber sid sisuserid sisid idnumber userid orgdefinedid displayid matrikelnummer
    matriculationnumber matrikelnr matrnr matr matrikel matricola numéroétudiant studentnummer numérodidentification
    numeroetudiant netudiant nétudiant identifiant matrícula matricula legajo expediente númerodeid númerodelegajo
    opiskelijanumero indeks nrindeksu numeralbumu öğrencino numara 学号 学籍番号 학번 рег номерзачетки номерзачётки
    studentidnumber universityid regno registrationnumber rollno rollnumber
login:
    login loginid sisloginid username user netid githubusername githublogin github githubid githubuser benutzername
    benutzerkennung kennung unikennung rzkennung anmeldename nutzername nomdutilisateur usuario nombredeusuario utente
    nomeutente gebruikersnaam användarnamn brukernavn логин 用户名 accountname uid
email:
    email emailaddress mail emailadresse emailadress mailadresse adressedecourriel courriel adresseemail
    direccióndecorreo correo correoelectrónico direccióndeemail indirizzoemail emails epost sähköposti почта
    электроннаяпочта 电子邮件地址 电子邮件 邮箱 メールアドレス 이메일 البريدالإلكتروني
group:
    group groupname groups team teamname gruppe groupe grupo gruppo groep группа 组 小组
"""
KNOWN: dict[str, tuple[str, ...]] = {
    role: tuple(names.split()) for role, names in (part.split(":") for part in _TEXT.strip().replace("\n    ", " ").split("\n"))
}
